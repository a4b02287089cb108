"""Dataclasses to JSON documents and back, exactly: fields by their declared types, keys sorted, times in UTC.

What JSON has no number for (NaN, infinities) is written as text in a field that is declared a float. A document may lack fields that have a
default and may have fields that this version does not know: old and new readers understand each other.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from cemcore.errors import StorageError

T = TypeVar("T")


def dumps(value: Any) -> str:
    """The JSON text of a dataclass instance; StorageError where a value is not what its field declares."""
    try:
        return json.dumps(_encode(type(value), value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as e:
        raise StorageError(f"{type(value).__name__} can't be written as a document: {e}") from e


def loads(kind: type[T], text: str) -> T:
    """The instance of `kind` that `dumps` wrote; StorageError where the text is no such document."""
    try:
        value: T = _decode(kind, json.loads(text))
    except (TypeError, ValueError, KeyError, AttributeError) as e:
        raise StorageError(f"no document of a {kind.__name__}: {e}") from e
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


@cache
def _optional(kind: Any) -> Any:
    """The type inside `X | None`; None where `kind` is something else."""
    if get_origin(kind) in (Union, types.UnionType):
        inside = [k for k in get_args(kind) if k is not type(None)]
        if len(inside) != 1:
            raise TypeError(f"a document has no place for {kind}")
        return inside[0]
    return None


def _items(kind: Any, values: Any) -> list[tuple[Any, Any]]:
    """(type, value) of each item of a tuple, of one type throughout (`tuple[X, ...]`) or one a place."""
    inside = get_args(kind)
    if len(inside) == 2 and inside[1] is Ellipsis:
        return [(inside[0], v) for v in values]
    return list(zip(inside, values, strict=True))


def _encode(kind: Any, value: Any) -> Any:
    inner = _optional(kind)
    if inner is not None:
        return None if value is None else _encode(inner, value)
    if is_dataclass(kind):
        return {name: _encode(hint, getattr(value, name)) for name, hint in _hints(kind).items()}  # type: ignore[arg-type]
    origin = get_origin(kind)
    if origin is tuple:
        return [_encode(k, v) for k, v in _items(kind, value)]
    if origin is Mapping or origin is dict:
        return {str(k): _encode(get_args(kind)[1], v) for k, v in value.items()}
    return _encode_plain(kind, value)


def _encode_plain(kind: Any, value: Any) -> Any:
    if value is None:
        raise TypeError(f"None where {kind} is declared")
    if kind is datetime:
        if value.tzinfo is None:
            raise ValueError(f"a time without a time zone: {value}")
        return value.astimezone(UTC).isoformat()
    if issubclass(kind, Enum):
        return kind(value).value
    if kind is float:
        return float(value) if math.isfinite(value) else repr(float(value))
    if kind in (int, str, bool):
        return kind(value)
    raise TypeError(f"a document has no place for {kind}")


def _decode(kind: Any, value: Any) -> Any:
    inner = _optional(kind)
    if inner is not None:
        return None if value is None else _decode(inner, value)
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        return kind(**{name: _decode(hints[name], v) for name, v in value.items() if name in hints})  # type: ignore[operator]
    origin = get_origin(kind)
    if origin is tuple:
        return tuple(_decode(k, v) for k, v in _items(kind, value))
    if origin is Mapping or origin is dict:
        return {k: _decode(get_args(kind)[1], v) for k, v in value.items()}
    if kind is datetime:
        return datetime.fromisoformat(value)
    return kind(value)
