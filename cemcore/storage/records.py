"""What the ledger says of the archive: registered files and finished ticks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One immutable file of the archive.

    `path` is relative to the archive's root. The ranges are whole seconds since 1970-01-01 UTC and enclose the
    rows' values (None where no row has one). `position` is the place that the ledger gave it in the order of
    registration; 0 before that.
    """

    path: str
    feed: str
    rows: int
    slot_min: int | None
    slot_max: int | None
    recorded_min: int | None
    recorded_max: int | None
    bytes: int
    position: int = field(default=0, compare=False)

    def meets(self, slots: tuple[int, int] | None, recorded: tuple[int | None, int] | None) -> bool:
        """Whether rows with slots[0] <= slot < slots[1] and recorded[0] < recorded_at <= recorded[1] may be inside.

        A file without the times asked about may always be.
        """
        if slots is not None and self.slot_min is not None and self.slot_max is not None:
            in_slots = self.slot_max >= slots[0] and self.slot_min < slots[1]
        else:
            in_slots = True
        if recorded is None or self.recorded_min is None or self.recorded_max is None:
            return in_slots
        after = recorded[0] is None or self.recorded_max > recorded[0]
        return in_slots and after and self.recorded_min <= recorded[1]


@dataclass(frozen=True, slots=True)
class Tick:
    """One finished tick: its slot, known-time and time of commit [s since 1970 UTC], whether it only learned, and
    its tallies.
    """

    slot: int
    known_at: int
    committed_at: int
    learning: bool
    counts: Mapping[str, int] = field(default_factory=dict)
