"""State as plain arrays: a tree of frozen dataclasses, tuples, dictionaries of whole numbers, arrays and scalars,
flattened and back.

Never pickle: what a snapshot can hold is what this file can spell, and the classes are named by the one who restores
it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.errors import StorageError

META = "meta"


def flatten(tree: Any) -> dict[str, NDArray[Any]]:
    """The arrays of a tree under running names, and its shape as JSON in the uint8 array `meta`."""
    arrays: dict[str, NDArray[Any]] = {}
    shape = _spell(tree, arrays)
    arrays[META] = np.frombuffer(json.dumps(shape).encode("utf-8"), dtype=np.uint8)
    return arrays


def restore(arrays: Mapping[str, NDArray[Any]], classes: tuple[type, ...]) -> Any:
    """The tree of `flatten`; StorageError where the arrays are not one, or name a class that is not in `classes`."""
    names = [c.__name__ for c in classes]
    if len(set(names)) < len(names):
        raise ValueError(f"classes of one name in a state: {sorted({n for n in names if names.count(n) > 1})}")
    try:
        shape = json.loads(np.asarray(arrays[META], dtype=np.uint8).tobytes())
        return _read(shape, arrays, {c.__name__: c for c in classes})
    except (KeyError, ValueError, TypeError) as e:
        raise StorageError(f"not a state: {e}") from e


def _spell(x: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if x is None or isinstance(x, bool | int | float | str):
        return {"v": x}
    if isinstance(x, np.generic):
        return {"v": x.item()}
    if isinstance(x, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = x
        return {"a": name}
    if isinstance(x, tuple):
        return {"t": [_spell(i, arrays) for i in x]}
    if isinstance(x, dict) and all(isinstance(k, str) for k in x):
        return {"m": {k: _spell(v, arrays) for k, v in x.items()}}
    if isinstance(x, dict):
        keys = np.array(list(x), dtype=np.int64)
        values = np.array(list(x.values()))
        return {"d": [_spell(keys, arrays), _spell(values, arrays)]}
    if is_dataclass(x) and not isinstance(x, type):
        return {"c": type(x).__name__, "f": {f.name: _spell(getattr(x, f.name), arrays) for f in fields(x)}}
    raise TypeError(f"a {type(x).__name__} has no place in a state")


def _read(s: Any, arrays: Mapping[str, NDArray[Any]], classes: dict[str, type]) -> Any:
    if "v" in s:
        return s["v"]
    if "a" in s:
        return arrays[s["a"]]
    if "t" in s:
        return tuple(_read(i, arrays, classes) for i in s["t"])
    if "m" in s:
        return {k: _read(v, arrays, classes) for k, v in s["m"].items()}
    if "d" in s:
        keys, values = (_read(i, arrays, classes) for i in s["d"])
        names = [tuple(k) for k in keys.tolist()] if keys.ndim == 2 else keys.tolist()
        return dict(zip(names, values.tolist(), strict=True))
    return classes[s["c"]](**{k: _read(v, arrays, classes) for k, v in s["f"].items()})
