"""What runs where a partition lives: made from the archive, walked over its own rows, saved back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from cemcore import plugins
from cemcore.application import slot_tables
from cemcore.application.house import build_models
from cemcore.application.slot_rows import Due, Reader, named
from cemcore.application.watch_state import slot_of
from cemcore.catalogue import Catalogue
from cemcore.panel import Float64
from cemcore.pipeline import partition, telling
from cemcore.pipeline.partition_state import FACTS, PartitionState
from cemcore.protocols import SharingDetector
from cemcore.settings import Settings
from cemcore.storage import Archive, StoredFile
from cemcore.storage.parts import buffers, partitions_of, tagged

KINDS = {"user": 0, "thing": 1}


@dataclass(frozen=True)
class Recipe:
    """How to make partition `number` of `of`: from the state files `chain` (a whole one, then what changed), or new."""

    settings: Settings
    catalogue: Catalogue
    number: int
    of: int
    chain: tuple[str, ...] = ()


@dataclass
class Resident:
    """A partition where it lives: its memory, and what it works with."""

    recipe: Recipe
    archive: Archive
    tools: partition.Tools
    reader: Reader
    state: PartitionState
    people: telling.People | None = None


@dataclass(frozen=True)
class Inventory:
    """Files of the inventory as known at a tick: subjects, and customers where segments matter."""

    subjects: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Walk:
    """A slot's task: its clock, which records are due, the files that may hold them, the inventory, and what all
    partitions share (empty: as it was).
    """

    clock: partition.Clock
    due: Due
    files: tuple[StoredFile, ...]
    inventory: Inventory
    shared: Mapping[str, Any]


@dataclass(frozen=True)
class Finish:
    """The rest of a slot's task: what is degraded, and whether to write it (`scores`: every row's score, too)."""

    threshold: float
    known_at: int
    write: bool
    scores: bool


@dataclass(frozen=True)
class Written:
    """Files of a slot that the ledger does not know yet, tallies, and when the degraded rows became known [s]."""

    files: tuple[StoredFile, ...]
    counts: Mapping[str, int]
    recorded: Float64


@dataclass(frozen=True)
class Save:
    """Keep the state after `slot` [s]: whole, or what changed since it was last kept."""

    slot: int
    whole: bool


def make(recipe: Recipe) -> Resident:
    """The partition as it was last saved; StorageError where a file of its chain is gone or damaged."""
    settings, catalogue = recipe.settings, recipe.catalogue
    archive = Archive(settings.path(settings.storage.archive))
    options = {"seconds": settings.operator.slot_seconds}
    state = PartitionState(len(catalogue.services), plugins.build("detectors", settings.assess.detector, options))
    for path in recipe.chain:
        state.apply(archive.read_state(path), slot_of(path))
    tools = partition.Tools(catalogue, build_models(catalogue))
    return Resident(recipe, archive, tools, Reader(archive, catalogue, tools.codes, recipe.number, recipe.of), state)


def walk(resident: Resident, task: Walk) -> tuple[Resident, partition.Answer]:
    """Read the partition's own records of the slot, score and judge them."""
    state = resident.state
    if task.inventory != Inventory() and state.inventory != _paths(task.inventory):
        _tell(resident, task.inventory)
    if task.shared and isinstance(state.detector, SharingDetector):
        state.detector = state.detector.set_shared(task.shared)
    rows = resident.reader.rows(state, task.files, task.due)
    resident.state, answer = partition.walk(state, rows, task.clock, resident.tools)
    return resident, answer


def finish(resident: Resident, task: Finish) -> tuple[Resident, Written]:
    """Say what is degraded, and write it: files that count once the ledger registers them."""
    held = resident.state.held
    resident.state, found = partition.select(resident.state, task.threshold, resident.tools)
    files = []
    if task.write and len(found.rows):
        name = tagged(f"{held.clock.slot}", resident.recipe.number, resident.recipe.of)
        told = (found, resident.state, resident.tools.catalogue, task.known_at)
        if task.scores:
            files.append(resident.archive.write_table("scores", name, slot_tables.scores(*told), large=True))
        if len(found.degraded):
            table = slot_tables.degradations(*told)
            files.append(resident.archive.write_table("degradations", name, table, large=True))
    return resident, Written(tuple(files), found.counts, found.rows.recorded[found.degraded] / 1e6)


def save(resident: Resident, task: Save) -> tuple[Resident, StoredFile]:
    """Write the state, or its change; the file counts once the ledger registers it."""
    arrays = resident.state.get_state() if task.whole else resident.state.delta()
    name = f"watch-{task.slot}-{'whole' if task.whole else 'change'}"
    file = resident.archive.write_state(tagged(name, resident.recipe.number, resident.recipe.of), arrays, task.slot)
    resident.state.kept(task.slot)
    return resident, file


def _tell(resident: Resident, inventory: Inventory) -> None:
    """Have the partition know what the inventory says of its subjects."""
    codes, archive = resident.tools.codes, resident.archive
    named_by = [f for f in FACTS if f != "segment" and len(codes[f])]
    wanted = ["subject_id", "kind", *named_by, *(["customer_id"] if len(codes["segment"]) else [])]
    tables = [archive.columns(path, wanted, ()) for path in inventory.subjects]
    tables = [t.filter(pa.array(_mine(resident, t["subject_id"]))) for t in tables]
    table = pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({"subject_id": []})
    subject = resident.state.subjects.add(*buffers(_whole(table["subject_id"])))
    kind = np.full(len(subject), -1, np.int8)
    if "kind" in table.column_names:
        texts = table["kind"].to_pandas().str.lower().map(KINDS)
        kind = texts.fillna(-1).to_numpy(np.int8)
    facts = np.full((len(subject), len(FACTS)), -1, np.int32)
    for j, name in enumerate(FACTS):
        if len(codes[name]):
            texts = _segments(archive, inventory, table) if name == "segment" else _column(table, name)
            facts[:, j] = named(codes[name], texts)
    resident.state.told(subject, kind, facts, _paths(inventory))


def _mine(resident: Resident, subjects: pa.ChunkedArray) -> Any:
    return partitions_of(subjects, resident.recipe.of) == resident.recipe.number


def _segments(archive: Archive, inventory: Inventory, subjects: pa.Table) -> pa.Array:
    """The declared segment of each subject's customer."""
    parts = [archive.columns(p, ["customer_id", "segment"], ()).to_pandas() for p in inventory.customers]
    known: dict[str, str] = {}
    for frame in parts:
        known |= dict(zip(frame["customer_id"], frame["segment"], strict=True))
    return pa.array([known.get(c) for c in _column(subjects, "customer_id").to_pylist()], pa.string())


def _column(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return _whole(table[name])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return (
        pa.concat_arrays([c.cast(pa.string()) for c in column.chunks])
        if column.num_chunks
        else pa.array([], pa.string())
    )


def _paths(inventory: Inventory) -> tuple[str, ...]:
    return (*inventory.subjects, *inventory.customers)
