"""A loop that says how much hangs on every resource."""

from __future__ import annotations

from cemcore.kernels.compiled import kernel
from cemcore.panel import Int32, Int64


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "int32[::1]", "int32[::1]", "int64[::1]")
def weigh(start: Int64, to: Int32, seeds: Int32, weight: Int64, seen: Int32, queue: Int32, total: Int64) -> None:
    """Add the weight of each seed to everything that it reaches over the edges; seen: scratch by node, all -1."""
    for k in range(len(seeds)):
        head, tail = 0, 1
        queue[0], seen[seeds[k]] = seeds[k], k
        while head < tail:
            y = queue[head]
            head += 1
            total[y] += weight[k]
            for i in range(start[y], start[y + 1]):
                if seen[to[i]] != k:
                    seen[to[i]] = k
                    queue[tail] = to[i]
                    tail += 1
