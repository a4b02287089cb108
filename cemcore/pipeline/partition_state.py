"""What a partition of subjects remembers between ticks: who they are, their series, the detector, what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.kernels import series as kernels
from cemcore.panel import Bool, Int8, Int32, Int64, Population
from cemcore.pipeline.texts import Texts
from cemcore.protocols import Detector

Arrays = dict[str, NDArray[Any]]
FACTS = ("plan", "slice", "device_model", "segment")
"""What the inventory says of a subject that a requirement profile may be narrowed by."""
_NONE32, _NONE64 = np.zeros(0, np.int32), np.zeros(0, np.int64)


@dataclass(frozen=True)
class Episodes:
    """Degradations that go on: series int32 (ascending), begin and last int64 [s]."""

    series: Int32 = field(default_factory=lambda: _NONE32)
    begin: Int64 = field(default_factory=lambda: _NONE64)
    last: Int64 = field(default_factory=lambda: _NONE64)

    def after(self, slot: int, degraded: Int32, patience_s: int) -> tuple[Episodes, Int64]:
        """(episodes after a slot in which the series `degraded`, each once, were degraded; begin of each of these).

        An episode that was not seen degraded for `patience_s` is over.
        """
        kept = self.last >= slot - patience_s
        series, begin, last = self.series[kept], self.begin[kept], self.last[kept]
        at = np.searchsorted(series, degraded)
        known = np.zeros(len(degraded), np.bool_)
        inside = at < len(series)
        known[inside] = series[at[inside]] == degraded[inside]
        began = np.full(len(degraded), slot, np.int64)
        began[known] = begin[at[known]]
        last = last.copy()
        last[at[known]] = slot
        new = degraded[~known]
        every = np.concatenate([series, new])
        order = np.argsort(every, kind="stable")
        both = np.concatenate([begin, began[~known]])[order], np.concatenate([last, np.full(len(new), slot)])[order]
        return Episodes(every[order], *both), began


@dataclass
class PartitionState:
    """One partition's memory. Changed in place by its own steps, and by nothing else.

    subjects, resources: texts that came up here, by dense number. kind int8, facts int32 (4, codes of `FACTS`): of
    each subject, from the inventory (-1 unknown), which was read from the files `inventory`. A series is a (subject,
    service) that was seen, numbered as they came: `numbers` int32 by subject * services + service (-1 none), `pairs`
    the way back. seen: by slot of the horizon a bit a series, set where its record is known. held: a slot's rows that
    were judged and wait for the centre's word. saved: how much of all this the last saved state holds.
    """

    services: int
    detector: Detector
    subjects: Texts = field(default_factory=Texts)
    resources: Texts = field(default_factory=Texts)
    kind: Int8 = field(default_factory=lambda: np.zeros(0, np.int8))
    facts: Int32 = field(default_factory=lambda: np.zeros((0, len(FACTS)), np.int32))
    inventory: tuple[str, ...] = ()
    numbers: Int32 = field(default_factory=lambda: _NONE32)
    pairs: Int64 = field(default_factory=lambda: _NONE64)
    have: Int64 = field(default_factory=lambda: np.zeros(1, np.int64))
    seen: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    episodes: Episodes = field(default_factory=Episodes)
    masked: Int32 = field(default_factory=lambda: _NONE32)
    touched: set[int] = field(default_factory=set)
    held: Any = None
    saved: tuple[int, int, int, int] = (0, 0, 0, -1)
    fresh_inventory: bool = False

    @property
    def series(self) -> int:
        """How many series there are."""
        return int(self.have[0])

    def number(self, subject: Int32, service: Int32) -> Int32:
        """Series of each row; new ones get the next numbers, in the order of the rows."""
        n = len(self.subjects) * self.services
        if len(self.numbers) < n:
            self.numbers = _grown(self.numbers, max(n, len(self.numbers) * 5 // 4), -1)
        room = self.series + min(len(subject), n - self.series)
        if len(self.pairs) < room:
            self.pairs = _grown(self.pairs, max(room, len(self.pairs) * 5 // 4), 0)
        out = np.empty(len(subject), np.int32)
        kernels.number(subject, service, self.services, self.numbers, self.pairs, self.have, out)
        return out

    def first(self, slot: int, series: Int32) -> Bool:
        """Whether each row brings the first record of its series at `slot` [s]; it is remembered."""
        bits = self.seen.get(slot, np.zeros(0, np.uint8))
        if len(bits) * 8 < self.series:
            bits = _grown(bits, -(-self.series // 8), 0)
        out = np.empty(len(series), np.bool_)
        kernels.first(series, bits, out)
        self.seen[slot] = bits
        self.touched.add(slot)
        return out

    def forget(self, before: int) -> None:
        """Let go of what was seen of slots before `before` [s]: no record of them counts any more."""
        for slot in [s for s in self.seen if s < before]:
            del self.seen[slot]

    def told(self, subject: Int32, kind: Int8, facts: Int32, files: tuple[str, ...]) -> None:
        """Take over the inventory's facts of subjects (of several rows for one the last counts)."""
        n = len(self.subjects)
        self.kind = np.full(n, -1, np.int8)
        self.facts = np.full((n, len(FACTS)), -1, np.int32)
        self.kind[subject], self.facts[subject] = kind, facts
        self.inventory, self.fresh_inventory = files, True

    def population(self) -> Population:
        """What room one wants to know of the subjects, by their number here."""
        n, none = len(self.subjects), np.zeros((0, self.services), np.int32)
        if len(self.kind) < n:
            self.kind = _grown(self.kind, n, -1)
            self.facts = np.concatenate([self.facts, np.full((n - len(self.facts), len(FACTS)), -1, np.int32)])
        return Population(
            self.kind, _NONE32, _NONE32, _NONE32, self.facts[:, :-1], FACTS[:-1], none, none, self.facts[:, -1]
        )

    def get_state(self) -> Arrays:
        """All of it, as plain arrays."""
        return {**self._part((0, 0, 0), tuple(self.seen), True), **_under("detector", self.detector.get_state())}

    def delta(self) -> Arrays:
        """What `apply` needs to come from the last saved state to this one."""
        slots = tuple(s for s in self.seen if s in self.touched)
        part = self._part(self.saved[:3], slots, self.fresh_inventory)
        change = getattr(self.detector, "delta", None)
        if change is None:
            return {**part, **_under("detector", self.detector.get_state())}
        return {**part, **_under("change", change(self.saved[3]))}

    def kept(self, slot: int) -> None:
        """The state after `slot` [s], as it is now, has been saved: the next delta begins here."""
        self.saved = (len(self.subjects), len(self.resources), self.series, slot)
        self.touched, self.fresh_inventory = set(), False

    def apply(self, arrays: Mapping[str, NDArray[Any]], slot: int) -> PartitionState:
        """The state after `slot` [s]: a delta (or, from the first state, a whole one) laid upon this one; in place."""
        self.subjects.append(_of("subjects", arrays))
        self.resources.append(_of("resources", arrays))
        pairs = arrays["pairs"]
        self.pairs = np.concatenate([self.pairs[: self.series], pairs])
        self.have[0] += len(pairs)
        self.numbers = _grown(self.numbers, len(self.subjects) * self.services, -1)
        self.numbers[pairs] = np.arange(self.series - len(pairs), self.series, dtype=np.int32)
        if "kind" in arrays:
            self.kind, self.facts = arrays["kind"], arrays["facts"]
            self.inventory = tuple(str(f) for f in arrays["inventory"])
        live = set(arrays["slots"].tolist())
        self.seen = {s: b for s, b in self.seen.items() if s in live}
        self.seen |= {int(k): b.copy() for k, b in _of("seen", arrays).items()}
        self.episodes = Episodes(*(arrays[f"episode/{f}"] for f in ("series", "begin", "last")))
        self.masked = arrays["masked"]
        self.detector = _applied(self.detector, arrays)
        self.kept(slot)
        return self

    def _part(self, since: tuple[int, int, int], slots: tuple[int, ...], inventory: bool) -> Arrays:
        subjects, resources, series = since
        out: Arrays = {
            **_under("subjects", self.subjects.get_state(subjects)),
            **_under("resources", self.resources.get_state(resources)),
            "pairs": self.pairs[series : self.series],
            "slots": np.array(sorted(self.seen), np.int64),
            "masked": self.masked,
            **{f"seen/{s}": self.seen[s] for s in slots},
            **{f"episode/{f}": getattr(self.episodes, f) for f in ("series", "begin", "last")},
        }
        if inventory:
            files = np.array(self.inventory, dtype="U") if self.inventory else np.zeros(0, "U1")
            out |= {"kind": self.kind, "facts": self.facts, "inventory": files}
        return out


def _applied(detector: Detector, arrays: Mapping[str, NDArray[Any]]) -> Detector:
    whole, change = _of("detector", arrays), _of("change", arrays)
    if whole:
        return detector.set_state(whole)
    laid: Detector = detector.apply(change) if change else detector  # type: ignore[attr-defined]
    return laid


def _under(name: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {f"{name}/{k}": v for k, v in arrays.items()}


def _of(name: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {k[len(name) + 1 :]: v for k, v in arrays.items() if k.startswith(f"{name}/")}


def _grown(array: NDArray[Any], n: int, fill: int) -> NDArray[Any]:
    if len(array) >= n:
        return array
    out = np.full(n, fill, array.dtype)
    out[: len(array)] = array
    return out
