"""Room to work in: masks and tables as long as the network is large, used again and wiped only where they were used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from cemcore.panel import Int32, Int64, UInt8


@dataclass
class Room:
    """gone, touched, seen, named: masks by node, all 0; sslot: by node, pslot: by port, all -1; queue: by node, in any
    state; paid: bits of services by payer of several subjects, all 0; changed: those payers that are not.
    """

    gone: UInt8
    touched: UInt8
    seen: UInt8
    named: UInt8
    sslot: Int32
    pslot: Int32
    queue: Int32
    paid: Int64
    changed: Int32

    @classmethod
    def of(cls, nodes: int, ports: int, payers: int) -> Room:
        """New room."""
        gone, touched, seen, named = (np.zeros(nodes, np.uint8) for _ in range(4))
        sslot, pslot = np.full(nodes, -1, np.int32), np.full(ports, -1, np.int32)
        queue, paid, changed = np.empty(nodes, np.int32), np.zeros(payers, np.int64), np.empty(payers, np.int32)
        return cls(gone, touched, seen, named, sslot, pslot, queue, paid, changed)


@dataclass(frozen=True)
class Rooms:
    """Rooms of one size that nobody works in; several threads may take one each."""

    nodes: int
    ports: int
    payers: int
    free: list[Room] = field(default_factory=list)

    @contextmanager
    def one(self) -> Iterator[Room]:
        """A room to work in, which must be left as it was found; one in which work broke off is not used again."""
        try:
            room = self.free.pop()
        except IndexError:
            room = Room.of(self.nodes, self.ports, self.payers)
        yield room
        self.free.append(room)
