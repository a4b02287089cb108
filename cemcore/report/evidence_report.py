"""Weights of evidence as a document, a list and a table."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from cemcore.report.listing import Listing
from cemcore.report.serialise import Document, iso, plain
from cemcore.report.tables import table
from cemcore.views import EvidenceView

_COLUMNS = ("kind", "stated", "learned", "low", "high", "problems", "reason")


def evidence_document(view: EvidenceView) -> Document:
    """What each kind of evidence weighs [log-odds of an amount of 1], stated and learned, with its 95 % interval."""
    listed = [{n: plain(getattr(w, n)) for n in _COLUMNS} for w in view.weights]
    return {"as_of": iso(view.as_of), "problems": view.problems, "weights": listed}


def evidence_listing(view: EvidenceView) -> Listing:
    """One row a kind."""
    rows = tuple(tuple(plain(getattr(w, n)) for n in _COLUMNS) for w in view.weights)
    return Listing("Weights of evidence", _COLUMNS, rows)


def evidence_table(view: EvidenceView) -> RenderableType:
    """One row a kind, and how many verdicts taught them."""
    heads = ("kind", "stated", "learned", "95 % interval", "problems", "what it is")
    out = table(heads, ("stated", "learned", "95 % interval", "problems"), "Weights of evidence (log-odds)")
    for w in view.weights:
        interval = f"{w.low:+.2f} .. {w.high:+.2f}"
        moved = "bold" if abs(w.learned - w.stated) >= 0.1 else ""
        cells = (f"{w.stated:+.2f}", Text(f"{w.learned:+.2f}", moved), interval, str(w.problems) if w.problems else "·")
        out.add_row(w.kind, *cells, Text(w.reason))
    noun = "problem" if view.problems == 1 else "problems"
    said = f"learned from {view.problems} {noun} that operators resolved with a cause, or rejected"
    return Group(out, Text(said if view.problems else "as stated: no problem was resolved with a cause yet", "dim"))
