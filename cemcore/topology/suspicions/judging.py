"""Judging every connection by the clues that hold for its kind, and naming what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.panel import Bool, Float64, Int32
from cemcore.topology.suspicions.clues import Clue, Inventory, Lines, clues_of, fits
from cemcore.topology.suspicions.presence import Gap, gaps
from cemcore.topology.suspicions.rules import learn_rules
from cemcore.topology.suspicions.suspicion import Suspicion

LEAST_RULE = 0.5
"""A clue speaks for a kind of connection where it is this probably a rule of it."""

UNTOLD = 0.002
"""Share of right connections that break even a rule."""

MOST_SUGGESTED = 3

CHUNK = 100_000
"""Lines that are judged at once."""

State = np.ndarray[tuple[int, ...], np.dtype[np.int8]]


@dataclass(frozen=True)
class Learned:
    """What the clues say: `state` [line, clue] = 1 fits, 0 does not, -1 says nothing; by [kind of line, clue] the
    share that fits (`hold`), the chance of fitting by accident (`base`), the probability of being a rule (`rule`) and
    the share of right lines that do not fit (`exceptions`); `share` = of lines that are wrong.
    """

    state: State
    hold: Float64
    base: Float64
    rule: Float64
    exceptions: Float64
    share: float

    @property
    def used(self) -> Bool:
        """Mask [kind, clue] of the clues that are telling for a kind."""
        return np.asarray((self.rule >= LEAST_RULE) & (self.base <= 0.6), np.bool_)


def suspect(
    resources: pd.DataFrame,
    connections: pd.DataFrame,
    stated: Mapping[str, tuple[pd.DataFrame, str]] | None = None,
    least: float = 0.5,
) -> tuple[Suspicion, ...]:
    """Connections that are probably wrong or missing, surest first.

    resources, connections: frames of those contracts. stated: other sources that say where a resource leads, by name:
    (frame with from_id and to_id, who says so in words). least: confidence from which a suspicion is told.
    """
    inventory = Inventory.build(resources, connections)
    if not len(inventory.lines):
        return ()
    clues = clues_of(inventory, {k: (_stated(inventory, table), said) for k, (table, said) in (stated or {}).items()})
    learned, wrong = learn(inventory, clues)
    judge = Judge(inventory, clues, learned)
    found = [judge.wrong(i, float(wrong[i])) for i in np.flatnonzero(wrong >= least).tolist()]
    missing = [judge.missing(gap) for gap in gaps(inventory) if gap.confidence >= least]
    named = {(s.from_id, s.relation, x) for s in found for x in s.suggested}
    missing = [s for s in missing if not any((s.from_id, s.relation, x) in named for x in s.suggested)]
    return tuple(sorted([*found, *missing], key=lambda s: (-s.confidence, s.kind, s.from_id, s.relation, s.to_id)))


def learn(inventory: Inventory, clues: list[Clue]) -> tuple[Learned, Float64]:
    """What the clues say of each line, and each line's probability of being wrong."""
    lines = inventory.lines
    kinds = int(lines.kind.max()) + 1
    state = np.full((len(lines), len(clues)), -1, np.int8)
    base = np.ones((kinds, len(clues)))
    order = np.argsort(lines.kind, kind="stable")
    of_kind = np.split(order, np.flatnonzero(np.diff(lines.kind[order])) + 1)
    of_kind.sort(key=lambda at: int(lines.to_type[at[0]]))
    of_type, answers = -1, [(np.zeros(0, np.int32), np.zeros(0, np.int64))]
    for at in of_kind:
        if of_type != (of_type := int(lines.to_type[at[0]])):
            among = inventory.type_of == of_type
            answers = [np.unique(clue.target[among], return_counts=True) for clue in clues]
        for c, clue in enumerate(clues):
            known, fit, base[lines.kind[at[0]], c] = fits(clue, lines, at, answers[c])
            state[at, c] = np.where(known, fit, -1)
    learned = _learned(lines, clues, state, base)
    return learned, _wrong(lines, clues, learned)


def _learned(lines: Lines, clues: list[Clue], state: State, base: Float64) -> Learned:
    """Which clues are rules of which kinds. Two more connections stand behind a clue of shape, each of which may be the
    wrong one.
    """
    shape = np.array([c.family == "structure" for c in clues])
    kept, known = (_sum(lines.kind, part) for part in (state == 1, state >= 0))
    first = np.unique(lines.kind, return_index=True)[1]
    group = np.asarray(pd.factorize(lines.relation[first])[0], np.int64)
    rules = learn_rules(kept, known, group, (1 - base) * np.where(shape, 3, 1))
    hold = (kept + 1) / (known + 2)
    told = np.where(shape, 2 * rules.share, UNTOLD)
    return Learned(state, hold, base, rules.rule, rules.rule * told + (1 - rules.rule) * (1 - hold), rules.share)


def _sum(code: Int32, values: Bool) -> Float64:
    out = np.zeros((int(code.max()) + 1, values.shape[1]))
    np.add.at(out, code, values)
    return out


def _wrong(lines: Lines, clues: list[Clue], learned: Learned) -> Float64:
    """Probability that each line is wrong: families of clues as independent, of each family the clue that says most
    for, and the one that says most against. What fits speaks for a line with half its weight only: wrong lines lead
    next door more often than anywhere.
    """
    e, base, used = learned.exceptions, np.clip(learned.base, 1e-4, 1.0), learned.used
    against = np.where(used, np.log((1 - base + 1e-4) / e), 0.0)
    agreeing = np.where(used, np.log((1 - e) / np.sqrt(base)), 0.0)
    odds = np.full(len(lines), np.log(learned.share / (1 - learned.share)))
    families = np.array([c.family for c in clues])
    for begin in range(0, len(lines), CHUNK):
        cut = slice(begin, begin + CHUNK)
        kind, state = lines.kind[cut], learned.state[cut]
        for family in dict.fromkeys(families.tolist()):
            mine = families == family
            worst = (against[:, mine][kind] * (state[:, mine] == 0)).max(axis=1)
            odds[cut] += np.maximum(worst, 0) - np.maximum(
                (agreeing[:, mine][kind] * (state[:, mine] == 1)).max(axis=1), 0
            )
    return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


def _stated(inventory: Inventory, table: pd.DataFrame) -> Int32:
    """Where each resource is said to lead, -1 where nothing (or several things) are said."""
    ids = pd.Index(inventory.ids)
    once = table[["from_id", "to_id"]].dropna().drop_duplicates()
    once = once[~once["from_id"].duplicated(keep=False)]
    source, to = (ids.get_indexer(pd.Index(once[c].astype("str"))) for c in ("from_id", "to_id"))
    out = np.full(len(ids), -1, np.int32)
    out[source[source >= 0]] = to[source >= 0]
    return out


class Judge:
    """Turns what was found into suspicions with suggestions and reasons."""

    def __init__(self, inventory: Inventory, clues: list[Clue], learned: Learned) -> None:
        self._inventory, self._clues, self._learned = inventory, clues, learned
        self._order = np.argsort(inventory.lines.source, kind="stable")
        self._sources = inventory.lines.source[self._order]

    def wrong(self, i: int, confidence: float) -> Suspicion:
        """The suspicion that line i is wrong."""
        inventory, lines = self._inventory, self._inventory.lines
        kind = int(lines.kind[i])
        broken = [c for c in self._by_weight(kind) if self._learned.state[i, c] == 0]
        reasons = [self._reason(kind, c) for c in broken[:MOST_SUGGESTED]]
        to = int(lines.to[i])
        return Suspicion(
            "wrong_link",
            inventory.ids[int(lines.source[i])],
            inventory.relations[int(lines.relation[i])],
            inventory.ids[to],
            inventory.ids[int(lines.via[i])] if lines.via[i] >= 0 else "",
            self._names(self._candidates(lines, i, kind, without={to})),
            confidence,
            tuple(reasons),
        )

    def missing(self, gap: Gap) -> Suspicion:
        """The suspicion that the line of a gap is missing."""
        inventory = self._inventory
        if gap.to >= 0:
            suggested = [gap.to]
        else:
            asked = self._asked(gap)
            taken = set(self._leads(gap.source))
            suggested = self._candidates(asked, 0, int(asked.kind[0]), without=taken, keys=gap.source)
        relation, via = inventory.relations[gap.relation], inventory.ids[gap.via] if gap.via >= 0 else ""
        names = self._names(suggested)
        return Suspicion(
            "missing_link", inventory.ids[gap.source], relation, "", via, names, gap.confidence, gap.reasons
        )

    def _leads(self, source: int) -> list[int]:
        """Where the lines of a resource lead."""
        at = slice(*np.searchsorted(self._sources, [source, source + 1]))
        found: list[int] = self._inventory.lines.to[self._order[at]].tolist()
        return found

    def _asked(self, gap: Gap) -> Lines:
        """A line like the gap, to ask the clues with."""
        like, lines = gap.like, self._inventory.lines
        one = [np.array([v], np.int32) for v in (gap.source, lines.to[like], -1)]
        rest = (lines.relation[[like]], lines.to_type[[like]], np.array([-1], np.int32), lines.kind[[like]])
        return Lines(one[0], one[1], one[2], *rest)

    def _by_weight(self, kind: int) -> list[int]:
        """Telling clues of a kind, the one that says most first."""
        used = np.flatnonzero(self._learned.used[kind])
        gain = self._learned.hold[kind, used] * -np.log(np.clip(self._learned.base[kind, used], 1e-4, 1.0))
        return [int(c) for c in used[np.argsort(-gain, kind="stable")]]

    def _reason(self, kind: int, c: int) -> str:
        lines, inventory = self._inventory.lines, self._inventory
        like = int(np.flatnonzero(lines.kind == kind)[0])
        what = (
            f"{inventory.class_names[int(inventory.class_of[lines.source[like]])]} "
            f"{inventory.relations[int(lines.relation[like])]} {inventory.types[int(lines.to_type[like])]}"
        )
        return f"not so here, as in {self._learned.hold[kind, c]:.0%} of {what}: {self._clues[c].text}"

    def _candidates(self, lines: Lines, i: int, kind: int, without: set[int], keys: int | None = None) -> list[int]:
        """Resources of the right type that fit the clues best: each clue cuts what is left, unless nothing would be."""
        inventory = self._inventory
        left = np.flatnonzero(inventory.type_of == lines.to_type[i])
        left = left[~np.isin(left, list(without)) & (left != lines.source[i])]
        cut = False
        for c in self._by_weight(kind):
            clue = self._clues[c]
            key = int(clue.of(lines, np.array([i]))[0]) if keys is None else self._key_of(clue, keys)
            ahead = left[clue.target[left] == key] if key >= 0 else left[:0]
            if len(ahead):
                left, cut = ahead, True
        return left.tolist() if cut else []

    def _key_of(self, clue: Clue, source: int) -> int:
        """The key that a line of this dependent would have; clues about links and groups say nothing."""
        return int(clue.keys[source]) if clue.of_line is None else -1

    def _names(self, found: list[int]) -> tuple[str, ...]:
        return tuple(self._inventory.ids[x] for x in found) if len(found) <= MOST_SUGGESTED else ()
