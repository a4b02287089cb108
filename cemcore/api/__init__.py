"""The REST door: FastAPI over one open `Cem`. Handlers ask it and hand back documents of `cemcore.report`."""

from cemcore.api.app import create_app

__all__ = ["create_app"]
