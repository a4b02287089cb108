"""The application: who may come in, and how errors leave."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException

from cemcore import __version__
from cemcore.api.routes import make_router
from cemcore.application.cem import Cem
from cemcore.errors import CemError, NotFoundError, StorageError, TopologyError
from cemcore.report import to_json

_log = logging.getLogger(__name__)
_MOST_BYTES = 1_000_000
_ABOUT = """Which customers have a bad time, on which service, why, since when.

Times are ISO 8601; without a zone they are meant in the operator's own time zone. Answers are in UTC. Errors are
`{"error": KIND, "reason": TEXT}`. `as_of` asks what was known at a time, `during` what lasted in a period."""


def create_app(cem: Cem, registry: CollectorRegistry | None = None) -> FastAPI:
    """The REST application of an open `cem`; `registry` holds a daemon's own metrics, shown by `/metrics` too."""
    app = FastAPI(title="cemcore", version=__version__, description=_ABOUT, docs_url=None, redoc_url=None)
    app.include_router(make_router(cem, registry))
    token = cem.house.settings.api.token

    @app.middleware("http")
    async def door(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        if token and not _bears(request, token):
            refused = _error(401, "Unauthorized", "a bearer token is needed: Authorization: Bearer TOKEN")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            return _error(413, "TooLarge", f"a request may have {_MOST_BYTES} bytes")
        return await go_on(request)

    app.add_exception_handler(CemError, _on_cem_error)
    app.add_exception_handler(ValueError, _on_value_error)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)
    return app


def status_of(error: CemError) -> int:
    """404 for what does not exist, 503 while storage fails, else 500."""
    if isinstance(error, (NotFoundError, TopologyError)):
        return 404
    return 503 if isinstance(error, StorageError) else 500


def _bears(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _error(status: int, kind: str, reason: str) -> Response:
    return Response(to_json({"error": kind, "reason": reason}), status, media_type="application/json")


async def _on_cem_error(_: Request, error: Any) -> Response:
    return _error(status_of(error), type(error).__name__, str(error))


async def _on_value_error(_: Request, error: Any) -> Response:
    return _error(422, "BadInput", str(error))


async def _on_validation(_: Request, error: Any) -> Response:
    first = error.errors()[0]
    where = ".".join(str(p) for p in first["loc"] if p not in ("query", "body", "path"))
    return _error(422, "BadInput", f"{where}: {first['msg']}" if where else str(first["msg"]))


async def _on_http(_: Request, error: Any) -> Response:
    kind = {404: "NotFoundError", 405: "MethodNotAllowed"}.get(error.status_code, "HttpError")
    return _error(error.status_code, kind, str(error.detail))


async def _on_bug(request: Request, error: Any) -> Response:
    _log.error("request failed", extra={"path": request.url.path}, exc_info=error)
    return _error(500, "InternalError", "this should not have happened; the log says more")
