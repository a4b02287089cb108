"""The two ways to compute a step."""

from __future__ import annotations

from collections.abc import Callable

from cemcore.errors import ModelError
from models.anomaly.seasonal import kernel, twin

ENGINES: dict[str, Callable[..., None]] = {"numba": kernel.run, "numpy": twin.run}


def run(engine: str) -> Callable[..., None]:
    """The step of that engine; ModelError when there is none of that name."""
    if engine not in ENGINES:
        raise ModelError(f"no such engine: {engine} (there are: {', '.join(sorted(ENGINES))})")
    return ENGINES[engine]
