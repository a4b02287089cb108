"""Room three at national scale: one slot's search over 1 M resources and 10 M subjects.

A made-up operator by seed: cells under base stations, sites, links, aggregation and regional routers; fixed-line ports
under ducts, access nodes, links; gateways and endpoints; device, firmware, app version, slice, plan, region, each and
in pairs; a terminal of each subject; fleets of things. Every subject has one record in most slots, of a tail
probability that is uniform where all is well; records under `--floor` are sent (the background alone is some 46,000 a
slot), the others are summed by key and sampled. Twenty-four slots of it, with eight faults in the newest ones, from a
single terminal to a gateway.

Timed (CPU, one thread): adding up what eight partitions say, and the search. The peer sees the same rows of one slot: a
plain scan with pandas (join, group, count, one formula; one window, no explaining away). Exit 1 where the search
takes longer than `--goal`, memory is above `--memory`, a planted fault is missed, or more than `--false` others are
found.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cemcore.pipeline.localisation.evidence import CHANNELS, LEVELS, N, weights, windows
from cemcore.pipeline.localisation.explanations import ATTRIBUTE, COMBINED, CUSTOMER, KINDS, RESOURCE, TERMINAL
from cemcore.pipeline.localisation.search import Hit
from cemcore.pipeline.localisation.thresholds import budget_base
from cemcore.pipeline.localisation.wide.incidence import Axis, Incidence
from cemcore.pipeline.localisation.wide.search import Limits, search
from cemcore.pipeline.localisation.wide.slots import WideSlot, quantised

SECONDS, SLOTS, PARTITIONS, SAMPLE, GRID = 900, 24, 8, 100, 4096
ACTIVE = 0.92
"""Share of the subjects with a record in a slot."""
ATTRIBUTES = {"device_model": 1500, "firmware": 4000, "app_version": 40, "slice": 6, "plan": 20, "region": 50}
MADES = 20_000
FOLLOWED = 2
"""Degraded records in the remembered slots from which on all records of a subject are sent."""


@dataclass
class Operator:
    """The network: incidence, keys of each subject int32 (axes, subjects), names of the first candidates of a kind."""

    incidence: Incidence
    keys: Any
    first: dict[str, int]
    resources: int


def operator(subjects: int, cells: int, seed: int) -> Operator:
    """Names in the order of candidates: resources, attribute values, pairs of them, fleets, terminals."""
    rng = np.random.default_rng(seed)
    ports = cells * 5 // 14
    tiers = {
        "cell": cells, "gnb": cells // 4, "site": cells // 4, "link": cells // 4, "aggregation": max(cells // 100, 2),
        "region": max(cells // 4000, 2), "port": ports, "duct": ports // 2, "olt": max(ports // 16, 1),
        "olt_link": max(ports // 16, 1), "gateway": 200, "gateway_site": 40, "endpoint": 30, "fabric": 10,
    }  # fmt: skip
    first = dict(zip(tiers, np.cumsum([0, *tiers.values()])[:-1].tolist(), strict=True))
    resources = sum(tiers.values())

    def at(tier: str, i: Any) -> Any:
        return first[tier] + i % tiers[tier]

    c, p = np.arange(cells), np.arange(ports)
    mobile = [at("cell", c), at("gnb", c // 4), at("site", c // 4), at("link", c // 4), at("aggregation", c // 100)]
    fixed = [at("port", p), at("duct", p // 2), at("olt", p // 16), at("olt_link", p // 16), at("aggregation", p // 40)]
    mobile.append(at("region", c // 4000))
    fixed.append(at("region", p // 1600))
    access = np.concatenate([np.stack(mobile, 1), np.stack(fixed, 1)])
    g = np.arange(6000)
    core = np.stack([at("gateway", g // 30), at("gateway_site", g // 150), at("endpoint", g), at("fabric", g // 3)], 1)
    made, kinds = _made(rng, resources)
    first["attribute"], first["combined"] = resources, resources + int((kinds == ATTRIBUTE).sum())
    first["fleet"] = resources + len(kinds)
    fleets = max(subjects // 50, 1)
    first["terminal"] = first["fleet"] + fleets
    fleet, terminal = first["fleet"] + np.arange(fleets), first["terminal"] + np.arange(subjects)
    own = _regular(terminal[:, None])
    axes = (_regular(access), _regular(core), _regular(made), _regular(fleet[:, None]), replace(own, counted=False))
    kind = np.concatenate([
        np.full(resources, RESOURCE, np.int8), kinds, np.full(fleets, CUSTOMER, np.int8),
        np.full(subjects, TERMINAL, np.int8),
    ])  # fmt: skip
    prior = np.array([0.0, -1.5, -3.0, -1.5, -2.5], np.float32)[kind]
    far = np.concatenate([np.arange(first[t], first[t] + tiers[t]) for t in ("aggregation", "region", "fabric")])
    prior[far] = -1.5
    keys = np.stack([
        rng.integers(0, len(access), subjects), rng.integers(0, len(core), subjects),
        (rng.random(subjects) ** 2 * MADES), np.where(np.arange(subjects) % 5, -1, np.arange(subjects) // 50),
        np.arange(subjects),
    ]).astype(np.int32)  # fmt: skip
    return Operator(Incidence.build(axes, kind, prior, subjects=4), keys, first, resources)


def _made(rng: np.random.Generator, first: int) -> tuple[Any, Any]:
    """(candidates of each made key, kinds): every attribute value, and every pair of values that occurs."""
    model = rng.integers(0, ATTRIBUTES["device_model"], MADES)
    values = [model, model * 3 % ATTRIBUTES["firmware"] + rng.integers(0, 3, MADES)]
    values += [rng.integers(0, n, MADES) for n in list(ATTRIBUTES.values())[2:]]
    columns, count = [], 0
    for v in values:
        codes, back = np.unique(v, return_inverse=True)
        columns.append(first + count + back)
        count += len(codes)
    singles = count
    for i in range(len(values)):
        for j in range(i):
            codes, back = np.unique(values[i].astype(np.int64) * 100_000 + values[j], return_inverse=True)
            columns.append(first + count + back)
            count += len(codes)
    kinds = np.full(count, COMBINED, np.int8)
    kinds[:singles] = ATTRIBUTE
    return np.stack(columns, 1), kinds


def _regular(candidates: Any) -> Axis:
    n, k = candidates.shape
    return Axis(np.arange(0, n * k + 1, k, dtype=np.int64), candidates.reshape(-1).astype(np.int32))


@dataclass(frozen=True)
class Fault:
    """A candidate, of whose rows a share is bad in the last so many slots."""

    name: str
    candidate: int
    share: float
    slots: int


def faults(of: Operator) -> list[Fault]:
    """Eight, of all sizes."""
    f = of.first
    pairs = of.incidence.axes[2].flat.reshape(-1, 21)[7]
    return [
        Fault("cell", f["cell"] + 1234, 0.9, 2), Fault("base station", f["gnb"] + 777, 0.6, 2),
        Fault("access node", f["olt"] + 55, 0.5, 1), Fault("aggregation router", f["aggregation"] + 9, 0.15, 1),
        Fault("gateway", f["gateway"] + 17, 0.02, 1), Fault("firmware", int(pairs[1]), 0.3, 1),
        Fault("fleet", f["fleet"] + 4321, 0.9, 2), Fault("terminal", f["terminal"] + 7, 1, 12),
    ]  # fmt: skip


class Slots:
    """Makes slots of records as partitions send them."""

    def __init__(self, of: Operator, floor: float, seed: int) -> None:
        self._of, self._floor = of, floor
        self._rng = np.random.default_rng(seed)
        u = floor + (1 - floor) * (np.arange(GRID) + 0.5) / GRID
        self._table = quantised(weights((-np.log10(u)).astype(np.float32), np.zeros(GRID), np.zeros(GRID)))
        self._trouble = np.zeros((SLOTS, of.keys.shape[1]), np.uint8)
        self._sick = [(f, self._subjects(f.candidate)) for f in faults(of)]

    def _subjects(self, candidate: int) -> Any:
        i = int(self._of.incidence.axis[candidate])
        return np.flatnonzero(self._of.incidence.axes[i].holders(candidate)[self._of.keys[i]])

    def make(self, age: int, number: int) -> tuple[list[tuple[Any, ...]], Callable[[list[Any]], WideSlot]]:
        """(sums by key of each partition, the slot given their total), of the slot so many slots ago."""
        of, rng = self._of, self._rng
        n = of.keys.shape[1]
        there = np.flatnonzero(rng.random(n) < ACTIVE)
        bad = there[rng.random(len(there)) < self._floor]
        u = rng.random(len(bad)) * self._floor
        sick = [s[rng.random(len(s)) < f.share * ACTIVE] for f, s in self._sick if age < f.slots]
        ill = np.unique(np.concatenate(sick)) if sick else np.empty(0, np.int64)
        bad = bad[~np.isin(bad, ill)]
        u = np.concatenate([u[: len(bad)], rng.random(len(ill)) * 1e-3])
        sent = np.concatenate([bad, ill])
        w = weights((-np.log10(u)).astype(np.float32), np.zeros(len(u)), np.zeros(len(u)))
        out = np.ones(n, np.bool_)
        out[sent] = False
        good = there[out[there]]
        grade = rng.integers(0, GRID, len(good))
        parts = self._sums(good, grade)
        self._trouble[age] = 0
        self._trouble[age, sent] = 1
        watched = self._trouble.sum(axis=0, dtype=np.uint8) >= FOLLOWED
        near = np.flatnonzero(watched[good])
        rest = np.flatnonzero(~watched[good])
        some = np.concatenate([near, rng.choice(rest, len(rest) // SAMPLE, replace=False)])
        subject = np.concatenate([sent, good[some]])
        both = np.concatenate([w, self._table[grade[some]]])
        n = len(sent) + len(near)
        flags = np.arange(len(subject)) < len(sent)

        def build(goods: list[Any]) -> WideSlot:
            return WideSlot.build(
                number, len(sent), n, of.keys[:, subject], subject.astype(np.int32), both, flags, (*goods, None)
            )

        return parts, build

    def _sums(self, good: Any, grade: Any) -> list[tuple[Any, ...]]:
        """Of each partition the sums (keys, CHANNELS) of each counted axis."""
        out: list[tuple[Any, ...]] = []
        cut = np.linspace(0, len(good), PARTITIONS + 1).astype(int)
        for a, b in pairwise(cut):
            mine = []
            for i, axis in enumerate(self._of.incidence.axes[:4]):
                key = self._of.keys[i][good[a:b]]
                some, grades = key[key >= 0], grade[a:b][key >= 0]
                sums = np.zeros((axis.keys, CHANNELS), np.float32 if i in (0, 3) else np.float64)
                for c in range(N + 3):
                    sums[:, c] = np.bincount(some, weights=self._table[grades, c], minlength=axis.keys)
                mine.append(sums)
            out.append(tuple(mine))
        return out


def added(parts: list[tuple[Any, ...]]) -> list[Any]:
    """Sums over partitions."""
    total = [p.copy() for p in parts[0]]
    for part in parts[1:]:
        for t, p in zip(total, part, strict=True):
            t += p
    return total


def limits(of: Operator, lengths: tuple[int, ...], budget: float) -> Limits:
    """Thresholds by the budget alone; terminals are judged over the two longest windows."""
    base = budget_base(np.bincount(of.incidence.kind, minlength=KINDS), lengths, 86_400 / SECONDS, budget)
    base[TERMINAL, : len(lengths) - 2] = np.inf
    none = np.zeros(0, np.int64)
    return Limits(base, np.zeros((len(lengths), 0), np.float32), (none, none.astype(np.float32)))


def incidences(of: Operator) -> list[pd.DataFrame]:
    """(key, candidate) of each counted axis, for the peer."""
    axes = of.incidence.axes[:4]
    return [pd.DataFrame({"key": np.repeat(np.arange(a.keys), np.diff(a.start)), "c": a.flat}) for a in axes]


def scan(pairs: list[pd.DataFrame], slot: WideSlot) -> pd.Series:
    """The peer: a Berk-Jones score of each candidate of the newest slot, by pandas."""
    parts = []
    for i, frame in enumerate(pairs):
        goods = slot.goods[i]
        assert goods is not None
        bad = pd.Series(slot.keys[i, : slot.sent]).value_counts().reindex(range(len(goods)), fill_value=0).to_numpy()
        rows = frame.assign(k=bad[frame["key"]], n=(goods[:, N] + bad)[frame["key"]])
        parts.append(rows.groupby("c", sort=False)[["k", "n"]].sum())
    total = pd.concat(parts)
    k, e = total["k"], np.maximum(total["n"] * LEVELS[1], 1e-9)
    k = k[k > 0]
    return (k * np.log(k / e[k.index]) - (k - e[k.index])).where(k > e[k.index], 0.0)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """(result, CPU seconds)."""
    begin = time.process_time()
    out = work()
    return out, time.process_time() - begin


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Figures of a run."""
    of, lengths = operator(args.subjects, args.cells, args.seed), windows(SECONDS)
    make = Slots(of, args.floor, args.seed + 1)
    slots = []
    for age in range(SLOTS - 1, -1, -1):
        parts, build = make.make(age, SLOTS - age)
        goods, adding = timed(lambda parts=parts: added(parts))
        slots.append(build(goods))
    limit = limits(of, lengths, 0.1)
    found: list[Hit] = search(of.incidence, slots, lengths, limit)  # compiles
    took = [timed(lambda: search(of.incidence, slots, lengths, limit))[1] for _ in range(3)]
    planted = faults(of)
    named = [{h.candidate, *h.ties} for h in found]
    hit = [any(f.candidate in n for n in named) for f in planted]
    false = [h for h, n in zip(found, named, strict=True) if not n & {f.candidate for f in planted}]
    pairs = incidences(of) if args.peer else []
    peer = timed(lambda: scan(pairs, slots[-1]))[1] if args.peer else None
    return {
        "resources": of.resources, "subjects": args.subjects, "candidates": len(of.incidence),
        "degraded_rows": slots[-1].sent, "degraded_rows_remembered": sum(s.sent for s in slots),
        "records": int(slots[-1].goods[1][:, N].sum()) + slots[-1].sent,
        "search_cpu_s": round(min(took), 3), "adding_cpu_s": round(adding, 3),
        "pandas_one_window_cpu_s": None if peer is None else round(peer, 3),
        "faults": {f.name: h for f, h in zip(planted, hit, strict=True)}, "false": len(false),
        "hits": [(h.candidate, h.window, round(h.evidence, 1), round(h.margin, 1)) for h in found],
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", type=int, default=10_000_000)
    parser.add_argument("--cells", type=int, default=430_000)
    parser.add_argument("--floor", type=float, default=0.005, help="records with a smaller tail probability are sent")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--goal", type=float, default=1.0, help="CPU seconds that a search may take")
    parser.add_argument("--memory", type=float, default=4.0, help="GB that the process may take")
    parser.add_argument("--false", type=int, default=0, help="explanations that may be found beside the planted ones")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="leave out the scan with pandas")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    f = run(args)
    print(f"{f['resources']:,} resources, {f['subjects']:,} subjects, {f['candidates']:,} candidates")
    print(f"{f['records']:,} records in the slot, {f['degraded_rows']:,} of them degraded "
          f"({f['degraded_rows_remembered']:,} over {SLOTS} slots)")  # fmt: skip
    print(f"  search          {f['search_cpu_s']:>7} s CPU")
    print(f"  adding up       {f['adding_cpu_s']:>7} s CPU ({PARTITIONS} partitions)")
    print(f"  pandas          {f['pandas_one_window_cpu_s']} s CPU (one window, counts only)")
    print(f"  found: {', '.join(n for n, h in f['faults'].items() if h)}")
    print(f"  missed: {', '.join(n for n, h in f['faults'].items() if not h) or 'none'}; others found: {f['false']}")
    print(f"  peak {f['peak_gb']} GB")
    if args.json:
        args.json.write_text(
            json.dumps({"benchmark": "localise_scale", "goal": args.goal, "figures": f}, indent=1) + "\n"
        )
    good = f["search_cpu_s"] <= args.goal and f["peak_gb"] <= args.memory and all(f["faults"].values())
    return 0 if good and f["false"] <= args.false else 1


if __name__ == "__main__":
    sys.exit(main())
