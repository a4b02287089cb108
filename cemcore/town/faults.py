"""Which troubles befall a town, when and how deep: drawn from the spec by seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Float64, Int64
from cemcore.town.calendar import SLOT, Calendar
from cemcore.town.seeds import Rng, stream
from cemcore.town.sizes import Size
from cemcore.town.spec import Kind, Range, Spec
from cemcore.town.targets import Target, Targets

_TRIES = 60
_APART = 3600
"""Least time [s] between two troubles of one area."""


@dataclass(frozen=True)
class Fault:
    """One trouble: `kind` strikes `target` in [start, end) [s] with these depths.

    Planned work says [start, planned_end); `rollout` is the share of a model's devices that take a new firmware.
    """

    number: int
    kind: Kind
    target: Target
    start: int
    end: int
    ramp: float
    effect: Mapping[str, float]
    kpi: Mapping[str, tuple[str, float]]
    alarm_after: float
    planned_end: int
    rollout: float

    @property
    def id(self) -> str:
        """As the truth names it."""
        return f"INC-{self.number:03d}"

    @property
    def incident(self) -> bool:
        """Felt by someone, as against a distractor."""
        return self.kind.role == "incident"

    def depth(self, times: Int64) -> Float64:
        """0..1 at the slots that begin at `times` [s]; 0 outside."""
        inside = (times >= self.start) & (times < self.end)
        if self.ramp <= 0:
            return inside.astype(float)
        rise = np.clip((times + SLOT - self.start) / self.ramp, 0, 1)
        fall = np.clip((self.end - times) / (self.ramp / 2), 0, 1)
        return np.asarray(np.where(inside, np.minimum(rise, fall), 0.0))

    def touches(self, first: int, last: int) -> bool:
        """Does it last into [first, last)?"""
        return self.start < last and self.end > first


def draw(seed: int, size: Size, spec: Spec, targets: Targets, calendar: Calendar) -> list[Fault]:
    """The troubles of the span in order of their start; none begins on the quiet days."""
    rng = stream(seed, "faults")
    quiet = spec.quiet_days(calendar.days)
    days = calendar.days - quiet
    out: list[Fault] = []
    if days < 1:
        return out
    for role, rate in (("incident", size.incidents_a_day), ("distractor", size.distractors_a_day)):
        wanted = round(rate * days)
        placed = 0
        for kind in _order(rng, [k for k in spec.kinds.values() if k.role == role], 4 * wanted):
            if placed == wanted:
                break
            fault = _place(rng, kind, targets, calendar, quiet, out)
            if fault is not None:
                out.append(fault)
                placed += 1
    return _numbered(out, 1)


def draw_live(seed: int, spec: Spec, targets: Targets, start: int, end: int, first_number: int) -> list[Fault]:
    """Troubles of a town that lives on from `start`: the spec's live kinds in turn, at its pace, until `end` [s]."""
    rng = stream(seed, "live-faults")
    live = spec.live
    out: list[Fault] = []
    at = start + live.first_after_slots * SLOT
    while at < end:
        kind = spec.kinds[live.kinds[len(out) % len(live.kinds)]]
        target = _target(rng, targets.of(kind.target, down=kind.down), 0.15)
        if target is not None:
            out.append(_fault(rng, kind, target, at, _seconds(rng, live.duration_h)))
        at += live.every_slots * SLOT
    return _numbered(out, first_number)


def _numbered(faults: list[Fault], first: int) -> list[Fault]:
    ordered = sorted(faults, key=lambda f: (f.start, f.kind.name))
    return [Fault(**{**f.__dict__, "number": i}) for i, f in enumerate(ordered, first)]


def _order(rng: Rng, kinds: list[Kind], count: int) -> list[Kind]:
    """Every kind once in random order (heavier ones tend to come first), then again."""
    if not kinds:
        return []
    weights = np.array([k.weight for k in kinds], dtype=float)
    out: list[Kind] = []
    while len(out) < count:
        turn = rng.choice(len(kinds), len(kinds), replace=False, p=weights / weights.sum())
        out += [kinds[int(i)] for i in turn]
    return out


def _target(rng: Rng, candidates: list[Target], share: float = 0.25) -> Target | None:
    """One of the candidates that reach most people; None where there are none."""
    if not candidates:
        return None
    ranked = sorted(candidates, key=lambda t: (-t.reach, t.id))
    best = ranked[: max(1, round(share * len(ranked)))]
    return best[int(rng.integers(len(best)))]


def _place(rng: Rng, kind: Kind, targets: Targets, calendar: Calendar, quiet: int, taken: list[Fault]) -> Fault | None:
    candidates = targets.of(kind.target, down=kind.down)
    last = calendar.midnight(calendar.days)
    for _ in range(_TRIES):
        target = _target(rng, candidates)
        day = int(rng.integers(quiet, calendar.days))
        start = calendar.at(day, float(rng.uniform(*kind.hours)))
        lasts = _seconds(rng, kind.duration_h)
        if target is None or start + lasts + kind.overrun_h[1] * 3600 > last or start < calendar.midnight(quiet):
            continue
        if not any(t.target.area == target.area and t.touches(start - _APART, start + lasts + _APART) for t in taken):
            return _fault(rng, kind, target, start, lasts)
    return None


def _fault(rng: Rng, kind: Kind, target: Target, start: int, lasts: int) -> Fault:
    planned = start + (round(kind.work.hours * 3600) if kind.work is not None and kind.work.hours else lasts)
    end = start + lasts + (_seconds(rng, kind.overrun_h) if kind.overrun_h[1] else 0)
    return Fault(
        number=0,
        kind=kind,
        target=target,
        start=start,
        end=end,
        ramp=float(rng.uniform(*kind.ramp_h)) * 3600,
        effect={k: float(rng.uniform(*v)) for k, v in kind.effect.items()},
        kpi={k: (mode, float(rng.uniform(low, high))) for k, (mode, low, high) in kind.kpi.items()},
        alarm_after=float(rng.uniform(*kind.alarm.after_min)) * 60 if kind.alarm is not None else 0.0,
        planned_end=planned,
        rollout=float(rng.uniform(*kind.rollout)),
    )


def _seconds(rng: Rng, hours: Range) -> int:
    """A length in whole slots, at least one."""
    return max(SLOT, int(float(rng.uniform(*hours)) * 3600) // SLOT * SLOT)
