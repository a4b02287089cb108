"""Loops over the backbone's routers and links, few as they are: what parts them, and least-cost paths in use.

Routers and links are numbered from 0; `start`, `to`, `link` are their edges, each link in both directions.
"""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import called, kernel
from cemcore.panel import Float64, Int16, Int32, Int64, UInt8

_TREES = 12


@kernel("in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in uint8[:]",
        "in uint8[:]", "int16[:,::1]", "uint8[::1]", "uint8[::1]")  # fmt: skip
def part(
    rows: Int32, start: Int64, to: Int32, link: Int32, touched: Int64, touches: Int32, router_gone: UInt8,
    link_gone: UInt8, label: Int16, no_router: UInt8, no_link: UInt8,
) -> None:  # fmt: skip
    """Component of each router when one more element is lost: label (elements, routers), -1 where it is lost itself.

    touches[touched[k]:touched[k + 1]]: what element k takes with it, a router r as r, a link l as -1 - l. rows:
    elements to be done.
    """
    n = len(start) - 1
    stack = np.empty(n, np.int32)
    for i in range(len(rows)):
        k = rows[i]
        no_router[:] = router_gone
        no_link[:] = link_gone
        for j in range(touched[k], touched[k + 1]):
            if touches[j] >= 0:
                no_router[touches[j]] = 1
            else:
                no_link[-1 - touches[j]] = 1
        label[k, :] = -1
        for seed in range(n):
            if no_router[seed] != 0 or label[k, seed] >= 0:
                continue
            label[k, seed] = seed
            stack[0], top = seed, 1
            while top > 0:
                top -= 1
                u = stack[top]
                for e in range(start[u], start[u + 1]):
                    v = to[e]
                    if no_link[link[e]] == 0 and no_router[v] == 0 and label[k, v] < 0:
                        label[k, v] = seed
                        stack[top] = v
                        top += 1


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in uint8[:]", "in uint8[:]",
        "int16[:,::1]", "uint8[::1]")  # fmt: skip
def keep_whole(
    start: Int64, to: Int32, link: Int32, touched: Int64, touches: Int32, router_gone: UInt8, link_gone: UInt8,
    label: Int16, told: UInt8,
) -> None:  # fmt: skip
    """Fill lines of `label` as `part` does, and mark them in `told`, of elements that evidently part nothing: a tree
    over all routers that are left does without them. Some trees are tried; line 0 must be there. See `part`.
    """
    n = len(start) - 1
    queue, inside, leads = np.empty(n, np.int32), np.empty(len(link_gone), np.uint8), np.empty(n, np.int32)
    seen = np.empty(n, np.uint8)
    for t in range(_TREES):
        root = t * n // _TREES
        if router_gone[root] != 0:
            continue
        inside[:], leads[:], seen[:] = 0, 0, 0
        queue[0], seen[root], leads[root], head, tail = root, 1, 1, 0, 1
        while head < tail:
            u = queue[head]
            head += 1
            for e in range(start[u], start[u + 1]):
                v = to[e]
                if seen[v] == 0 and router_gone[v] == 0 and link_gone[link[e]] == 0:
                    seen[v], inside[link[e]] = 1, 1
                    leads[u] += 1
                    queue[tail] = v
                    tail += 1
        if tail + int(router_gone.sum()) < n:
            return
        for k in range(1, label.shape[0]):
            if told[k] != 0:
                continue
            spare = True
            for j in range(touched[k], touched[k + 1]):
                x = touches[j]
                if (x >= 0 and router_gone[x] == 0 and leads[x] > 0) or (x < 0 and inside[-1 - x] != 0):
                    spare = False
                    break
            if spare:
                told[k] = 1
                label[k, :] = label[0]
                for j in range(touched[k], touched[k + 1]):
                    if touches[j] >= 0:
                        label[k, touches[j]] = -1


@kernel("in int64[:]", "in int32[:]", "in float64[:]", "float64[:,::1]")
def least_metrics(start: Int64, to: Int32, metric: Float64, away: Float64) -> None:
    """Least total metric from each router (second index) to each (first index); infinite where there is no path."""
    n = len(start) - 1
    waits = np.zeros(n, np.bool_)
    queue = np.empty(n, np.int32)
    for t in range(n):
        away[t, :] = np.inf
        away[t, t] = 0.0
        queue[0], head, size, waits[t] = t, 0, 1, True
        while size > 0:
            u = queue[head]
            head, size, waits[u] = (head + 1) % n, size - 1, False
            for e in range(start[u], start[u + 1]):
                v, d = to[e], away[t, u] + metric[e]
                if d < away[t, v]:
                    away[t, v] = d
                    if not waits[v]:
                        queue[(head + size) % n] = v
                        size += 1
                        waits[v] = True


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "in float64[:]", "in float64[:,:]", "in int32[:,:]",
        "in uint8[:]", "in uint8[:]", "uint8[:,::1]")  # fmt: skip
def mark_crossed(
    start: Int64, to: Int32, link: Int32, metric: Float64, away: Float64, nearest: Int32, router_hit: UInt8,
    link_hit: UInt8, marks: UInt8,
) -> None:  # fmt: skip
    """marks[t, u]: a least-cost path from router u to t touches something hit; nearest[t]: routers by metric to t."""
    for t in range(len(nearest)):
        for i in range(len(nearest)):
            u = nearest[t, i]
            marks[t, u] = router_hit[u]
            if u == t or away[t, u] == np.inf:
                continue
            for e in range(start[u], start[u + 1]):
                v = to[e]
                used = away[t, v] + metric[e] <= away[t, u] and away[t, v] < away[t, u]
                if used and (link_hit[link[e]] != 0 or marks[t, v] != 0):
                    marks[t, u] = 1


@kernel("in int16[:,:]", "in int16[:,:]", "int32[::1]", "int32[::1]", "int64[::1]")
def find_suspects(label0: Int16, label1: Int16, lines: Int32, parting: Int32, count: Int64) -> None:
    """List the lines (elements) in which routers that survive are in another component than before (count[0]), and
    those in which they are in several (count[1]).
    """
    n, m = 0, 0
    for k in range(1, label0.shape[0]):
        if _parted(label0, label1, k):
            lines[n] = k
            n += 1
        one = np.int16(-1)
        for u in range(label1.shape[1]):
            if label1[k, u] >= 0:
                if one < 0:
                    one = label1[k, u]
                if label1[k, u] != one:
                    parting[m] = k
                    m += 1
                    break
    count[0], count[1] = n, m


@called
def _parted(label0: Int16, label1: Int16, k: int) -> bool:
    """Whether line k parts routers that survive (those of line 0) in another way than before."""
    seen = np.full(label0.shape[1], -1, np.int32)
    for u in range(label0.shape[1]):
        if label1[0, u] < 0 or label0[k, u] < 0:
            continue
        was = label0[k, u]
        if seen[was] == -1:
            seen[was] = label1[k, u]
        if seen[was] != label1[k, u] or label1[k, u] < 0:
            return True
    return False
