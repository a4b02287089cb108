"""Adjacency of the many as three arrays (compressed sparse rows), and reaching over it level by level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Int32, Int64


@dataclass(frozen=True)
class Edges:
    """Edges i -> to[k] for k in start[i]:start[i+1]; `label` [k] says something about each (-1 = nothing)."""

    start: Int64
    to: Int32
    label: Int32

    @classmethod
    def build(cls, n: int, source: Int32, to: Int32, label: Int32 | None = None) -> Edges:
        """Edges of n nodes from parallel arrays, in any order; the order of one node's edges is kept."""
        order = np.argsort(source, kind="stable")
        start = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(source, minlength=n), out=start[1:])
        marks = np.full(len(to), -1, np.int32) if label is None else label.astype(np.int32)
        return cls(start, to[order].astype(np.int32), marks[order])

    @property
    def source(self) -> Int32:
        """The node at which each edge begins, parallel to `to`."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.int32), np.diff(self.start))

    def reverse(self) -> Edges:
        """The same edges the other way round."""
        return Edges.build(len(self.start) - 1, self.to, self.source, self.label)

    def of(self, node: int) -> list[int]:
        """Where the edges of one node lead."""
        out: list[int] = self.to[self.start[node] : self.start[node + 1]].tolist()
        return out

    def labelled(self, node: int) -> list[tuple[int, int]]:
        """(to, label) of the edges of one node."""
        cut = slice(self.start[node], self.start[node + 1])
        return list(zip(self.to[cut].tolist(), self.label[cut].tolist(), strict=True))

    def spread(self, seeds: Iterable[int] | Int32, allowed: Bool | None = None) -> Bool:
        """Mask of all nodes that the seeds reach, themselves included, over nodes that are `allowed`."""
        seen = np.zeros(len(self.start) - 1, np.bool_)
        front = np.unique(np.fromiter(seeds, np.int64))
        if allowed is not None:
            front = front[allowed[front]]
        while len(front):
            seen[front] = True
            begin, size = self.start[front], self.start[front + 1] - self.start[front]
            total = int(size.sum())
            offset = np.repeat(begin - np.concatenate(([0], np.cumsum(size)[:-1])), size)
            ahead = np.unique(self.to[offset + np.arange(total)]).astype(np.int64)
            ahead = ahead[~seen[ahead]]
            front = ahead if allowed is None else ahead[allowed[ahead]]
        return seen
