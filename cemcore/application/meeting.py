"""What the centre of the national mode tells partitions of their subjects, and what they tell of a slot."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from cemcore.application.partitions import Resident, Walk, walk
from cemcore.kernels.hashing import UInt8
from cemcore.panel import Bool, Int32, Int64
from cemcore.pipeline import telling
from cemcore.pipeline.partition import Answer
from cemcore.storage.parts import buffers, partitions_of

Texts = tuple[UInt8, Int64]


@dataclass(frozen=True)
class Introduction:
    """Subjects of one partition by name: the centre's code, made class, customer, core class by service; and the
    inventory's resources by name, in the order of the centre's codes.
    """

    subjects: Texts
    code: Int32
    made: Int32
    customer: Int32
    core: Int32
    resources: Texts


@dataclass(frozen=True)
class Asked:
    """A slot's task, of which subjects (by the centre's code) all rows are to be told, and the least surprise of other
    rows that are.
    """

    walk: Walk
    followed: Bool
    least: float


def introductions(
    names: list[str], made: Int32, customer: Int32, core: Int32, resources: tuple[str, ...], of: int
) -> list[Introduction]:
    """One for each partition, of arrays by the centre's subject code."""
    texts = pa.array(names, pa.string())
    whose = partitions_of(texts, of) if len(names) else np.zeros(0, np.int32)
    places = buffers(pa.array(resources, pa.string()))
    out = []
    for p in range(of):
        at = np.flatnonzero(whose == p)
        mine = buffers(pa.array(texts.take(pa.array(at)), pa.string()))
        out.append(Introduction(mine, at.astype(np.int32), made[at], customer[at], core[at], places))
    return out


def meet(resident: Resident, told: Introduction) -> tuple[Resident, None]:
    """Have the partition know its subjects as the centre does."""
    state = resident.state
    subject, place = state.subjects.add(*told.subjects), state.resources.add(*told.resources)
    n = len(state.subjects)
    code, made, customer = (np.full(n, -1, np.int32) for _ in range(3))
    core = np.full((n, told.core.shape[1]), -1, np.int32)
    code[subject], made[subject], customer[subject], core[subject] = told.code, told.made, told.customer, told.core
    places = np.full(len(state.resources), -1, np.int32)
    places[place] = np.arange(len(place), dtype=np.int32)
    return replace(resident, people=telling.People(code, made, customer, core, places)), None


def answer(resident: Resident, task: Asked) -> tuple[Resident, Answer]:
    """Walk the slot, and tell of it."""
    resident, found = walk(resident, task.walk)
    assert resident.people is not None  # met before
    assert resident.state.held is not None  # walked just now
    said = telling.tell(resident.state.held, resident.people, task.followed, task.least)
    return resident, replace(found, said=said)
