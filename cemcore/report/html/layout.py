"""A small layered layout: nodes come with their row; order within rows by barycentres, places by pulling to neighbours.

After Sugiyama, Tagawa and Toda (1981): sweeps that sort each row by the mean place of its neighbours keep those with
the fewest crossings. Deterministic: equals keep the order in which they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SWEEPS, PULLS = 8, 24


@dataclass(frozen=True)
class Placed:
    """Centre of each node by key, in units of one node's pitch: x from 0, y = row; `width` and `height` in the same."""

    x: Mapping[str, float]
    y: Mapping[str, int]
    width: float
    height: int


def place(rows: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]]) -> Placed:
    """Places of nodes in rows (top first), so that edges (either way round) cross little and run straight."""
    near: dict[str, list[str]] = {k: [] for row in rows for k in row}
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    best = order = [list(row) for row in rows]
    fewest = crossings(order, edges)
    for sweep in range(SWEEPS):
        order = _swept(order, near, downwards=sweep % 2 == 0)
        found = crossings(order, edges)
        if found < fewest:
            best, fewest = order, found
    x = _pulled(best, near)
    width = max(x.values(), default=0.0) + 1
    return Placed(x, {k: i for i, row in enumerate(best) for k in row}, width, len(best))


def crossings(rows: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]]) -> int:
    """How many pairs of edges between the same two rows cross."""
    at = {k: (i, j) for i, row in enumerate(rows) for j, k in enumerate(row)}
    lines = sorted(sorted((at[a], at[b])) for a, b in edges)
    out = 0
    for i, ((r, p), (s, q)) in enumerate(lines):
        for (r2, p2), (s2, q2) in lines[i + 1 :]:
            out += (r, s) == (r2, s2) and (p - p2) * (q - q2) < 0
    return out


def _swept(order: list[list[str]], near: Mapping[str, list[str]], downwards: bool) -> list[list[str]]:
    out = [list(row) for row in order]
    at = {k: j - len(row) / 2 for row in out for j, k in enumerate(row)}
    inside = {k: i for i, row in enumerate(out) for k in row}
    indices = range(len(out)) if downwards else range(len(out) - 1, -1, -1)
    for i in indices:

        def pull(k: str, i: int = i) -> float:
            fixed = [at[n] for n in near[k] if (inside[n] < i if downwards else inside[n] > i)]
            return sum(fixed) / len(fixed) if fixed else at[k]

        out[i].sort(key=pull)
        at.update({k: j - len(out[i]) / 2 for j, k in enumerate(out[i])})
    return out


def _pulled(rows: Sequence[Sequence[str]], near: Mapping[str, list[str]]) -> dict[str, float]:
    """x of each node: the mean of its neighbours', as far as the order and a pitch of 1 allow."""
    x = {k: j - (len(row) - 1) / 2 for row in rows for j, k in enumerate(row)}
    for turn in range(PULLS):
        for row in rows if turn % 2 == 0 else reversed(rows):
            wished = [sum(x[n] for n in near[k]) / len(near[k]) if near[k] else x[k] for k in row]
            x.update(zip(row, _spaced(wished), strict=True))
    left = min(x.values(), default=0.0)
    return {k: v - left for k, v in x.items()}


def _spaced(wished: Sequence[float]) -> list[float]:
    """The places nearest to those wished (least squares), at least 1 apart in their order: pool adjacent violators."""
    blocks: list[tuple[float, int]] = []
    for i, w in enumerate(wished):
        blocks.append((w - i, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, n), (b, m) = blocks[-2], blocks[-1]
            blocks[-2:] = [((a * n + b * m) / (n + m), n + m)]
    flat = [mean for mean, n in blocks for _ in range(n)]
    return [v + i for i, v in enumerate(flat)]
