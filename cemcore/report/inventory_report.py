"""Faults of the inventory as documents and for people."""

from __future__ import annotations

from dataclasses import fields
from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.text import Text

from cemcore.inventory import KINDS, InventoryFault, InventoryView
from cemcore.report import words
from cemcore.report.listing import Listing
from cemcore.report.serialise import Document, iso
from cemcore.report.tables import table

_SHOWN = 12
"""So many faults of each kind are printed for people; JSON and CSV have them all."""


def inventory_document(view: InventoryView) -> Document:
    """Counts by kind and every fault, the worst first, with the times that were asked for."""
    return {
        "at": iso(view.at),
        "known": iso(view.known),
        "counts": view.counts,
        "faults": [
            {f.name: list(v) if isinstance(v := getattr(fault, f.name), tuple) else v for f in fields(InventoryFault)}
            for fault in view.faults
        ],
    }


def inventory_listing(view: InventoryView) -> Listing:
    """One row a fault; several suggestions or reasons in one cell, parted by `;`."""
    columns = tuple(f.name for f in fields(InventoryFault))
    rows = tuple(
        tuple("; ".join(v) if isinstance(v := getattr(fault, c), tuple) else v for c in columns)
        for fault in view.faults
    )
    return Listing("Inventory faults", columns, rows)


def inventory_table(view: InventoryView, zone: tzinfo) -> RenderableType:
    """Counts by kind, then the worst of each."""
    title = Text(f"Inventory as valid {words.moment(view.at, zone)}, known {words.moment(view.known, zone)}", "bold")
    if not view.faults:
        return Group(title, Text("no fault found"))
    counts = table(("kind", "faults", "what it means"), ("faults",))
    for kind, n in view.counts.items():
        counts.add_row(kind, f"{n:,}", KINDS[kind])
    parts: list[RenderableType] = [title, counts]
    for kind, n in view.counts.items():
        mine = [f for f in view.faults if f.kind == kind]
        out = table(("confidence", kind), ("confidence",))
        for fault in mine[:_SHOWN]:
            why = Text(f"\n  {fault.reasons[0]}", "dim") if fault.reasons else Text("")
            out.add_row(f"{fault.confidence:.2f}", Text(fault.text) + why)
        parts += [Text(""), out]
        if n > _SHOWN:
            parts.append(Text(f"... and {n - _SHOWN:,} more (--kind {kind} --json lists all)", "dim"))
    return Group(*parts)
