"""REST refuses with the right code and says why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from cemcore.api import create_app
from cemcore.application.cem import Cem
from cemcore.errors import StorageError


@pytest.fixture
def client(cem: Cem, served: Any) -> Iterator[httpx.Client]:
    with served(create_app(cem)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/problems/P-99", 404, "P-99"),
        ("/nowhere", 404, "Not Found"),
        ("/impact?problem=P-99", 404, "P-99"),
        ("/impact?resource=NO-SUCH", 404, "NO-SUCH"),
        ("/subjects/nobody/experience", 404, "nobody"),
        ("/customers/nobody/experience", 404, "nobody"),
        ("/problems?as_of=yesterday", 422, "ISO 8601"),
        ("/problems?during=2025-11-09..2025-11-08", 422, "before"),
        ("/problems?limit=0", 422, "limit"),
        ("/problems?open=maybe", 422, "open"),
        ("/impact?problem=P-1&resource=A", 422, "either"),
        ("/subjects/s/experience?from=2025-11-09&to=2025-11-08", 422, "not before"),
    ],
)
def test_a_wrong_question_gets_its_code_and_its_reason(client: httpx.Client, path: str, status: int, word: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "reason"}
    assert word in answer.json()["reason"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "explode", "by": "anna"},
        {"action": "ack", "by": ""},
        {"action": "note", "by": "anna"},
        {"action": "ack", "by": "anna", "more": 1},
        [],
    ],
)
def test_a_verdict_that_makes_no_sense_is_refused(client: httpx.Client, body: Any) -> None:
    answer = client.post("/problems/P-1/verdict", json=body)
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "reason"}


def test_an_oversized_body_is_refused(client: httpx.Client) -> None:
    answer = client.post("/problems/P-1/verdict", content=b" " * 2_000_000)
    assert (answer.status_code, answer.json()["error"]) == (413, "TooLarge")


def test_failing_storage_is_503_and_a_bug_is_500_without_its_inside(
    cem: Cem, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(cem)
    with served(app) as client:
        for error, status in ((StorageError("disk full"), 503), (ZeroDivisionError("s3cret"), 500)):

            def fail(*_: object, error: Exception = error) -> None:
                raise error

            monkeypatch.setattr(type(cem), "problems", fail)
            answer = client.get("/problems")
            assert answer.status_code == status
            assert "s3cret" not in answer.text


def test_with_a_token_nobody_enters_without_it(cem: Cem, served: Any) -> None:
    settings = cem.house.settings
    guarded = settings.model_copy(update={"api": settings.api.model_copy(update={"token": "t0ken"})})
    app = create_app(Cem(replace(cem.house, settings=guarded)))
    with served(app) as client:
        for path in ("/problems", "/health", "/metrics", "/openapi.json"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
            assert client.get(path, headers={"Authorization": "Bearer t0ken"}).status_code == 200


def test_openapi_describes_every_path(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) >= {
        "/health",
        "/metrics",
        "/problems",
        "/problems/{problem_id}",
        "/problems/{problem_id}/verdict",
        "/impact",
        "/subjects/{subject_id}/experience",
        "/customers/{customer_id}/experience",
    }
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["description"]
            assert all(p.get("description") for p in operation.get("parameters", []))
