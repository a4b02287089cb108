"""An empty table in the house's style, for every report on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table


def table(
    heads: Iterable[str], right: Iterable[str] = (), title: str | None = None, keep: Iterable[str] = (), pad: int = 2
) -> Table:
    """An empty table in the house's style: no frame, numbers (`right`) to the right, `keep` never folded."""
    numeric, whole = set(right), {*right, *keep}
    out = Table(box=None, pad_edge=False, padding=(0, pad, 0, 0), header_style="dim", title=title, title_justify="left")
    out.title_style = "bold"
    for h in heads:
        out.add_column(h, justify="right" if h in numeric else "left", overflow="fold", no_wrap=h in whole)
    return out
