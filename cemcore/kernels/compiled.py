"""How loops are compiled: at the first call, for the types that are written down, kept on disk where that can be.

numba refuses to decorate a function when it finds no folder for its cache (a read-only checkout, no home); then the
function is compiled anew in each process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")

_RULES: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}


def kernel(*types: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a loop: compiled at its first call for exactly these argument types, whatever is passed later.

    `types` are numba's names, or one of `ARRAYS`, whose arrays may also be read-only. TypeError where a call does not
    fit. The plain function stays reachable as `__wrapped__`. NaN and infinities keep their meaning.
    """
    signature = f"void({', '.join(ARRAYS.get(t, t) for t in types)})"

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @cache
        def built() -> Callable[P, R]:
            made: Callable[P, R] = loop(signature, **_RULES)(function)
            return made

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return built()(*args, **kwargs)

        return call

    return decorate


ARRAYS = {
    f"in {name}{'[:]' if dimensions == 1 else '[:,:]'}": f"Array({name}, {dimensions}, 'C', True)"
    for name in ("float64", "float32", "int64", "int32", "int16", "int8", "uint8", "boolean")
    for dimensions in (1, 2)
}
"""Words for C-contiguous arrays that a kernel only reads: `in float64[:]`, `in int8[:,:]` ..."""


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a formula that kernels of the same file call: it becomes part of their loops.

    The cache of a kernel looks at its own file only: a formula in another one would go stale there.
    """
    found: Callable[P, R] = njit(forceinline=True, **_RULES)(function)
    return found


def called(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a longer formula that kernels of the same file call in many places: compiled once, and called."""
    found: Callable[P, R] = njit(**_RULES)(function)
    return found


def lean(function: Callable[P, R]) -> Callable[P, R]:
    """As `called`, for formulas that make no arrays: those that they are given are not counted at each call, which
    costs more than many of them do.
    """
    compiler: Any = njit
    found: Callable[P, R] = compiler(_nrt=False, **_RULES)(function)
    return found


def loop(*signature: str, **rules: Any) -> Callable[[Any], Any]:
    """`numba.njit` with these rules (and types, or whatever a first call brings), kept on disk where that can be."""

    compiler: Any = njit

    def decorate(function: Any) -> Any:
        try:
            return compiler(*signature, cache=True, **rules)(function)
        except RuntimeError as e:
            if "cannot cache" not in str(e):
                raise
            return compiler(*signature, **rules)(function)

    return decorate
