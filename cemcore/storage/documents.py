"""Dataclasses to JSON documents and back, exactly: fields by their declared types, keys sorted, times in UTC.

What JSON has no number for (NaN, infinities) is written as text in a field that is declared a float. A document may
lack fields that have a default and may have fields that this version does not know: old and new readers understand
each other.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from cemcore.errors import StorageError

T = TypeVar("T")
Step = Callable[[Any], Any]


def dumps(value: Any) -> str:
    """The JSON text of a dataclass instance; StorageError where a value is not what its field declares."""
    try:
        kind: Any = type(value)
        return json.dumps(_writer(kind)(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, AttributeError) as e:
        raise StorageError(f"{type(value).__name__} can't be written as a document: {e}") from e


def loads(kind: type[T], text: str) -> T:
    """The instance of `kind` that `dumps` wrote; StorageError where the text is no such document."""
    try:
        declared: Any = kind
        value: T = _reader(declared)(json.loads(text))
    except (TypeError, ValueError, KeyError, AttributeError) as e:
        raise StorageError(f"no document of a {kind.__name__}: {e}") from e
    return value


@cache
def _writer(kind: Any) -> Step:
    """The function that turns a value of the declared type into what JSON has."""
    inside = _optional(kind)
    if inside is not None:
        write = _writer(inside)
        return lambda value: None if value is None else write(value)
    if is_dataclass(kind):
        steps = [(name, _writer(hint)) for name, hint in _hints(kind).items()]
        return lambda value: {name: step(getattr(value, name)) for name, step in steps}
    if get_origin(kind) is tuple:
        return _sequence(get_args(kind), _writer, list)
    if get_origin(kind) in (Mapping, dict):
        write = _writer(get_args(kind)[1])
        return lambda value: {str(k): write(v) for k, v in value.items()}
    return _PLAIN_WRITERS[kind] if kind in _PLAIN_WRITERS else _enum_writer(kind)


@cache
def _reader(kind: Any) -> Step:
    """The function that turns what JSON has into a value of the declared type."""
    make: Callable[..., Any] = kind
    inside = _optional(kind)
    if inside is not None:
        read = _reader(inside)
        return lambda value: None if value is None else read(value)
    if is_dataclass(kind):
        steps = {name: _reader(hint) for name, hint in _hints(kind).items()}
        return lambda value: make(**{name: steps[name](v) for name, v in value.items() if name in steps})
    if get_origin(kind) is tuple:
        return _sequence(get_args(kind), _reader, tuple)
    if get_origin(kind) in (Mapping, dict):
        read = _reader(get_args(kind)[1])
        return lambda value: {k: read(v) for k, v in value.items()}
    return datetime.fromisoformat if kind is datetime else make


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


def _optional(kind: Any) -> Any:
    """The type inside `X | None`; None where `kind` is something else."""
    if get_origin(kind) in (Union, types.UnionType):
        inside = [k for k in get_args(kind) if k is not type(None)]
        if len(inside) != 1:
            raise TypeError(f"a document has no place for {kind}")
        return inside[0]
    return None


def _sequence(inside: tuple[Any, ...], step_for: Callable[[Any], Step], kind: Callable[[list[Any]], Any]) -> Step:
    """Steps for a tuple's items: of one type throughout (`tuple[X, ...]`) or of one a place."""
    if len(inside) == 2 and inside[1] is Ellipsis:
        each = step_for(inside[0])
        return lambda values: kind([each(v) for v in values])
    steps = [step_for(k) for k in inside]
    return lambda values: kind([step(v) for step, v in zip(steps, values, strict=True)])


def _enum_writer(kind: Any) -> Step:
    if not issubclass(kind, Enum):
        raise TypeError(f"a document has no place for {kind}")
    return lambda value: kind(value).value


def _moment(value: Any) -> str:
    if value.tzinfo is None:
        raise ValueError(f"a time without a time zone: {value}")
    text: str = value.astimezone(UTC).isoformat()
    return text


def _number(value: Any) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else repr(number)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} where text is declared")
    return value


_PLAIN_WRITERS: dict[Any, Step] = {datetime: _moment, float: _number, int: int, bool: bool, str: _text}
