"""Plug-ins, found by entry point: our own come the same way as a stranger's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from cemcore.errors import PluginError

GROUPS = {
    "collectors": "cemcore.collectors",
    "experience_models": "cemcore.experience_models",
    "detectors": "cemcore.detectors",
    "examiners": "cemcore.examiners",
}
"""Kind of plug-in -> entry point group."""

_OURS = {"collectors": "collectors", "experience_models": "models", "detectors": "models", "examiners": "models"}


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plug-in as `cem plugins` lists it: `options` are (name, type, default, about)."""

    kind: str
    name: str
    where: str
    about: str
    options: tuple[tuple[str, str, str], ...]


def names(kind: str) -> tuple[str, ...]:
    """Names of the plug-ins of a kind, in order."""
    return tuple(sorted({p.name for p in entry_points(group=GROUPS[kind])}))


def load(kind: str, name: str) -> type[Any]:
    """The class of a plug-in; PluginError when it is unknown or does not load."""
    found: list[EntryPoint] = [p for p in entry_points(group=GROUPS[kind]) if p.name == name]
    if not found:
        raise PluginError(name, f"no such {kind.removesuffix('s').replace('_', ' ')}", names(kind))
    if len({p.value for p in found}) > 1:
        raise PluginError(name, f"several packages offer it: {', '.join(sorted(p.value for p in found))}")
    point = found[0]
    _refuse_stranger(kind, point)
    try:
        cls = point.load()
    except Exception as e:  # a stranger's module may fail in any way, and must not take the rest down
        raise PluginError(name, f"{point.value} does not load: {type(e).__name__}: {e}") from e
    if not isinstance(cls, type):
        raise PluginError(name, f"{point.value} is no class")
    return cls


def build(kind: str, name: str, options: Mapping[str, Any]) -> Any:
    """A plug-in with its options; PluginError says which option is unknown, missing or refused."""
    cls = load(kind, name)
    if dataclasses.is_dataclass(cls):
        fields = {f.name: f for f in _option_fields(cls)}
        unknown = sorted(set(options) - set(fields))
        if unknown:
            raise PluginError(name, f"unknown option {', '.join(unknown)}", tuple(fields))
        needed = [
            n
            for n, f in fields.items()
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING and n not in options
        ]
        if needed:
            raise PluginError(name, f"option {', '.join(needed)} is missing")
    try:
        return cls(**options)
    except (TypeError, ValueError) as e:
        raise PluginError(name, str(e)) from e


def has_option(kind: str, name: str, option: str) -> bool:
    """Whether a plug-in has an option of that name; PluginError as of `load`."""
    cls = load(kind, name)
    return dataclasses.is_dataclass(cls) and any(f.name == option for f in _option_fields(cls))


@cache
def version(kind: str, name: str) -> str:
    """`weighted_index 0.1.0`: a plug-in, and the version of the distribution that brought it."""
    found = [p.dist.version for p in entry_points(group=GROUPS[kind]) if p.name == name and p.dist is not None]
    return f"{name} {found[0]}" if found else name


def describe() -> list[PluginInfo]:
    """Every plug-in there is, with its options; one that does not load is listed with the reason."""
    out = []
    for kind in GROUPS:
        for point in sorted(entry_points(group=GROUPS[kind]), key=lambda p: p.name):
            try:
                cls = load(kind, point.name)
            except PluginError as e:
                out.append(PluginInfo(kind, point.name, point.value, f"does not load: {e.reason}", ()))
                continue
            about = (cls.__doc__ or "").strip().split("\n")[0]
            out.append(PluginInfo(kind, point.name, point.value, about, _options(cls)))
    return out


def _option_fields(cls: type[Any]) -> list[dataclasses.Field[Any]]:
    """Fields that are options; what a model has learned (names that end in `_`) is none."""
    return [f for f in dataclasses.fields(cls) if f.init and not f.name.endswith("_")]


def _options(cls: type[Any]) -> tuple[tuple[str, str, str], ...]:
    if not dataclasses.is_dataclass(cls):
        return ()
    out = []
    for f in _option_fields(cls):
        if f.default is not dataclasses.MISSING:
            default = repr(f.default)
        elif f.default_factory is not dataclasses.MISSING:
            default = repr(f.default_factory())
        else:
            default = "(needed)"
        kind = f.type if isinstance(f.type, str) else getattr(f.type, "__name__", str(f.type))
        out.append((f.name, kind, default))
    return tuple(out)


def _refuse_stranger(kind: str, point: EntryPoint) -> None:
    """`collectors` and `models` are our top-level packages: another distribution's module of that name is not ours."""
    top = point.value.split(".")[0].split(":")[0]
    owner = point.dist.name if point.dist is not None else "cemcore"
    if top == _OURS[kind] and owner != "cemcore":
        raise PluginError(point.name, f"{owner} offers {point.value}, but the package {top} is cemcore's own")
