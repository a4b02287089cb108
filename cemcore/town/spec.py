"""Kinds of trouble as data, read from a TOML file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cemcore.errors import ConfigError

DEFAULT = Path(__file__).with_name("faults.toml")
Range = tuple[float, float]
CHOICES = {
    "role": ("incident", "distractor"),
    "scope": ("access", "gateway", "endpoint", "terminal", "attributes", "none"),
    "pm": ("down", "asleep", "crowded", "slow"),
    "effect": (
        "latency_ms", "jitter_ms", "loss_pct", "startup_s", "stall", "throughput", "setup", "delivery", "out", "lost",
        "takeover",
    ),
    "kpi": ("to", "add", "scale"),
}  # fmt: skip
"""What may stand where the file lets one choose."""


@dataclass(frozen=True)
class AlarmSpec:
    """The alarm that the struck element raises, after so many minutes."""

    after_min: Range
    severity: str
    cause: str
    type: str
    problem: str


@dataclass(frozen=True)
class WorkSpec:
    """The planned work that a trouble comes with.

    `hours` is its planned length, None = as long as the trouble should last.
    """

    description: str
    impact: str
    risk: str
    hours: float | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of trouble; the file says what each field means."""

    name: str
    role: str
    target: str
    scope: str
    hours: Range
    duration_h: Range
    weight: int = 1
    ramp_h: Range = (0.0, 0.0)
    overrun_h: Range = (0.0, 0.0)
    down: bool = False
    rollout: Range = (0.0, 0.0)
    storm: bool = False
    sympathy: bool = False
    pm: str = ""
    note: str = ""
    effect: Mapping[str, Range] = field(default_factory=dict)
    kpi: Mapping[str, tuple[str, float, float]] = field(default_factory=dict)
    alarm: AlarmSpec | None = None
    work: WorkSpec | None = None


@dataclass(frozen=True)
class LiveSpec:
    """Troubles of a town that goes on living: which, how soon, how far apart, how long."""

    kinds: tuple[str, ...]
    first_after_slots: int
    every_slots: int
    duration_h: Range


@dataclass(frozen=True)
class Spec:
    """All kinds of trouble, and how long there is none at the start."""

    kinds: Mapping[str, Kind]
    learn_days: int
    learn_share: float
    live: LiveSpec

    def quiet_days(self, days: int) -> int:
        """Days without incident at the start of `days`.

        `learn_days`, or the share of the days where there are fewer.
        """
        return min(self.learn_days, max(1, min(days - 1, round(self.learn_share * days))))


def load_spec(path: str | os.PathLike[str] | None = None) -> Spec:
    """The spec of a file, by default the town's own; ConfigError names the file and the key that is wrong."""
    file = Path(path) if path is not None else DEFAULT
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(str(file), "", e.strerror or str(e)) from e
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(str(file), "", f"not TOML: {e}") from e
    town, live = document.pop("town", {}), document.pop("live", {})
    kinds = {name: _read(file, name, table) for name, table in document.items()}
    try:
        spec = Spec(kinds, int(town["learn_days"]), float(town["learn_share"]), _live(live))
    except (KeyError, TypeError, ValueError) as e:
        raise ConfigError(str(file), "town" if "learn" in str(e) else "live", f"missing or wrong: {e}") from e
    unknown = [k for k in spec.live.kinds if k not in kinds]
    if unknown:
        raise ConfigError(str(file), "live.kinds", f"no such kind: {', '.join(unknown)}")
    return spec


def _live(table: Mapping[str, Any]) -> LiveSpec:
    return LiveSpec(
        tuple(table["kinds"]), int(table["first_after_slots"]), int(table["every_slots"]), _range(table["duration_h"])
    )


def _read(file: Path, name: str, table: Mapping[str, Any]) -> Kind:
    known = {f.name for f in fields(Kind)} - {"name"}
    strange = set(table) - known
    if strange:
        raise ConfigError(str(file), f"{name}.{min(strange)}", "unknown key")
    try:
        kind = Kind(name=name, **{k: _value(k, v) for k, v in table.items()})
    except (TypeError, ValueError, KeyError) as e:
        raise ConfigError(str(file), name, str(e)) from e
    for key, given in _choices(kind):
        strange = set(given) - set(CHOICES[key])
        if strange:
            raise ConfigError(str(file), f"{name}.{key}", f"{min(strange)!r} is none of {', '.join(CHOICES[key])}")
    return kind


def _choices(kind: Kind) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "role", (kind.role,)
    yield "scope", (kind.scope,)
    yield "pm", (kind.pm,) if kind.pm else ()
    yield "effect", tuple(kind.effect)
    yield "kpi", tuple(mode for mode, _, _ in kind.kpi.values())


def _value(key: str, value: Any) -> Any:
    if key == "effect":
        return {k: _range(v) for k, v in value.items()}
    if key == "kpi":
        return {k: (str(v[0]), float(v[1]), float(v[2])) for k, v in value.items()}
    if key == "alarm":
        return AlarmSpec(**{**value, "after_min": _range(value["after_min"])})
    if key == "work":
        return WorkSpec(**value)
    if key in ("hours", "duration_h", "ramp_h", "overrun_h", "rollout"):
        return _range(value)
    return value


def _range(value: Any) -> Range:
    low, high = (float(x) for x in value)
    if high < low:
        raise ValueError(f"a range from {low} to {high}")
    return low, high
