"""Engines: where the partitions of rooms one and two live, and who computes on them. No engine knows a room."""

from __future__ import annotations

from cemcore.engines.inline import Inline
from cemcore.errors import ConfigError
from cemcore.protocols import Engine

KINDS = ("inline", "dask")
"""Names of the engines that there are."""


def build(kind: str, *, workers: int = 1, address: str = "", file: str = "cem.toml") -> Engine:
    """The engine called `kind`; nothing starts before its `start`.

    workers: threads of the inline engine, processes of a local cluster. address: of a Dask scheduler that runs already
    (`tcp://host:8786`); "" = a local cluster of processes. ConfigError (naming `file`) for an engine that is unknown or
    whose library is missing.
    """
    if kind == "inline":
        return Inline(workers)
    if kind != "dask":
        raise ConfigError(file, "engine.kind", f"no engine called {kind} (there are: {', '.join(KINDS)})")
    try:
        from cemcore.engines.cluster import Cluster
    except ModuleNotFoundError as e:
        raise ConfigError(file, "engine.kind", f"{e.name} is not installed: pip install 'cemcore[dask]'") from e
    return Cluster(workers, address)


__all__ = ["KINDS", "Inline", "build"]
