"""The part of the network that a problem is about, as SVG: cause, what it hangs on, who hangs on it, what backs it."""

from __future__ import annotations

from cemcore.pictures import AFFECTED, AT_RISK, CAUSE, SAVED, TIED, UNKNOWN, Edge, Node, Picture
from cemcore.report.html import layout
from cemcore.report.html.markup import Html, el
from cemcore.report.html.style import sheet

WIDE, HIGH, GAP, DROP = 158, 44, 16, 52
"""A box, the least gap between two in a row, and what is between two rows [px]."""
LETTERS = 22
"""So many fit into a box; a longer name is cut, and stands in full in its title."""

Places = dict[str, tuple[float, float]]

WORDS = {
    CAUSE: "cause",
    TIED: "cannot be told from it",
    AFFECTED: "affected",
    AT_RISK: "at risk",
    UNKNOWN: "unknown",
    SAVED: "redundancy",
}


def figure(picture: Picture, alone: bool = False) -> Html:
    """The picture as an SVG element; `alone` brings its own style, for where there is no page around it."""
    if not picture.nodes:
        return Html("")
    rows = [[n.key for n in picture.nodes if n.row == r] for r in range(1 + max(n.row for n in picture.nodes))]
    placed = layout.place(rows, [(e.low, e.high) for e in picture.edges])
    width = placed.width * (WIDE + GAP) + GAP
    height = placed.height * (HIGH + DROP) - DROP + 2 * GAP + 26
    at: Places = {k: (GAP + x * (WIDE + GAP), GAP + placed.y[k] * (HIGH + DROP)) for k, x in placed.x.items()}
    children = [
        el("title", None, picture.caption),
        el("rect", {"width": width, "height": height, "fill": "var(--page)"}) if alone else None,
        *(_edge(e, at) for e in picture.edges),
        *(_node(n, at[n.key]) for n in picture.nodes),
        _legend({n.role for n in picture.nodes}, height - 8),
    ]
    size = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "width": f"{width:.0f}", "height": f"{height:.0f}"}
    style = el("style", None, Html(sheet(page=False))) if alone else None
    return el("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "fig", "role": "img", **size}, style, *children)


def _node(n: Node, at: tuple[float, float]) -> Html:
    x, y = at
    middle = x + WIDE / 2
    two = bool(n.note)
    return el(
        "g",
        {"class": f"node {n.role}"},
        el("title", None, n.title or n.label),
        el("rect", {"x": x, "y": y, "width": WIDE, "height": HIGH, "rx": 7}),
        el("text", {"class": "mid strong", "x": middle, "y": y + (18 if two else 27)}, _cut(n.label)),
        el("text", {"class": "mid small", "x": middle, "y": y + 34}, _cut(n.note, LETTERS + 4)) if two else None,
    )


def _edge(e: Edge, at: Places) -> Html:
    (x1, y1), (x2, y2) = at[e.high], at[e.low]
    if y1 > y2:
        (x1, y1), (x2, y2) = (x2, y2), (x1, y1)
    x1, x2 = x1 + WIDE / 2, x2 + WIDE / 2
    if y1 == y2:
        y = y1 + HIGH
        path = f"M{x1:.0f} {y:.0f}C{x1:.0f} {y + DROP * 0.7:.0f} {x2:.0f} {y + DROP * 0.7:.0f} {x2:.0f} {y:.0f}"
    else:
        top, bend = y1 + HIGH, (y2 - y1 - HIGH) / 2
        path = f"M{x1:.0f} {top:.0f}C{x1:.0f} {top + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
    return el("path", {"class": f"edge {e.role}", "d": path})


def _legend(roles: set[str], y: float) -> Html:
    parts, x = [], float(GAP)
    for role, word in WORDS.items():
        if role in roles:
            parts.append(
                el(
                    "g",
                    {"class": f"node {role}"},
                    el("rect", {"x": x, "y": y - 10, "width": 14, "height": 11, "rx": 3}),
                )
            )
            parts.append(el("text", {"class": "small", "x": x + 19, "y": y}, word))
            x += 40 + 6.4 * len(word)
    return el("g", None, *parts)


def _cut(text: str, letters: int = LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "\N{HORIZONTAL ELLIPSIS}"
