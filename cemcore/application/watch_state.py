"""What is kept of the partitions' memory, and in which order it is put together again.

Every `snapshot_slots` each partition is kept whole, every `delta_slots` what changed; ticks after the last of these are
run once more. All files of one slot are registered with that slot's tick, so what the ledger holds fits together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cemcore.storage import StoredFile
from cemcore.storage.archive import STATE
from cemcore.storage.parts import part

WHOLES = 2
"""Whole states that are kept, with the changes after each."""
_NAME = re.compile(rf"^{STATE}/watch-(\d+)-(whole|change|centre)\b")


@dataclass(frozen=True)
class Chain:
    """One way back: state files of each partition in order, the centre's last one, and the slot after which they
    stood [s].
    """

    slot: int
    parts: tuple[tuple[str, ...], ...]
    centre: str


def chains(files: Sequence[StoredFile], partitions: int) -> Iterator[Chain]:
    """The ways back that registered state files of so many partitions offer, newest first."""
    kept = _by_slot(files)
    slots = sorted(kept)
    complete = {s: len(kept[s].parts) == partitions and bool(kept[s].centre) for s in slots}
    sound = [s for s in slots if complete[s] and all(part(p) == (i, partitions) for i, p in kept[s].parts.items())]
    for at in reversed(sound):
        run: list[int] = []
        for s in reversed([s for s in sound if s <= at]):
            run.insert(0, s)
            if kept[s].whole:
                break
        if run and kept[run[0]].whole:
            yield Chain(at, tuple(tuple(kept[s].parts[i] for s in run) for i in range(partitions)), kept[at].centre)


def slot_of(path: str) -> int:
    """The slot [s] after which a state file stood; ValueError for another file."""
    named = _NAME.match(path)
    if named is None:
        raise ValueError(f"{path} is no state of partitions")
    return int(named[1])


def outdated(files: Sequence[StoredFile]) -> list[str]:
    """Paths of registered state files that are older than the newest `WHOLES` whole states."""
    kept = _by_slot(files)
    wholes = sorted(s for s in kept if kept[s].whole)
    oldest = wholes[-WHOLES] if len(wholes) >= WHOLES else -1
    return [f.path for f in files if (m := _NAME.match(f.path)) is not None and int(m[1]) < oldest]


@dataclass
class _Kept:
    parts: dict[int, str]
    centre: str = ""
    whole: bool = False


def _by_slot(files: Sequence[StoredFile]) -> dict[int, _Kept]:
    out: dict[int, _Kept] = {}
    for f in files:
        named = _NAME.match(f.path)
        if named is None:
            continue
        kept = out.setdefault(int(named[1]), _Kept({}))
        of = part(f.path)
        if named[2] == "centre":
            kept.centre = f.path
        elif of is not None:
            kept.parts[of[0]] = f.path
            kept.whole |= named[2] == "whole"
    return out
