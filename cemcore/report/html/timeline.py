"""A problem's life as SVG: bad minutes by slot, onset, detection, revisions and end, alarms and planned work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from cemcore.pictures import Span, TimeLine
from cemcore.report.html.markup import Html, el
from cemcore.report.html.style import sheet

WIDE, LEFT, RIGHT, TOP, BARS, LANE = 1000, 52, 16, 36, 120, 20
"""Width, margins, height of the bars and of a lane of spans [px]."""
LANES = 8
"""So many spans are shown, those that began first."""
_STEPS = (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
"""Minutes between ticks, of which the least that gives no more than ten is taken."""


def time_line(line: TimeLine, zone: tzinfo, alone: bool = False) -> Html:
    """The time line as an SVG element; `alone` brings its own style, for where there is no page around it."""
    lanes = line.spans[:LANES]
    axis = TOP + BARS
    height = axis + 26 + LANE * len(lanes) + (16 if len(line.spans) > LANES else 4)
    children = [
        el("title", None, "Time line"),
        el("rect", {"width": WIDE, "height": height, "fill": "var(--page)"}) if alone else None,
        *_bars(line, axis),
        *_ticks(line, zone, axis),
        *_marks(line, axis),
    ]
    for i, span in enumerate(lanes):
        children.append(_span(line, span, axis + 30 + i * LANE, zone))
    if len(line.spans) > LANES:
        more = f"and {len(line.spans) - LANES} more alarms and works"
        children.append(el("text", {"class": "small", "x": LEFT, "y": height - 3}, more))
    size = {"viewBox": f"0 0 {WIDE} {height}", "width": f"{WIDE}", "height": f"{height}"}
    style = el("style", None, Html(sheet(page=False))) if alone else None
    return el("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "fig", "role": "img", **size}, style, *children)


def _x(line: TimeLine, at: datetime) -> float:
    share = (at - line.begin) / (line.end - line.begin)
    return LEFT + min(max(share, 0.0), 1.0) * (WIDE - LEFT - RIGHT)


def _bars(line: TimeLine, axis: float) -> list[Html]:
    most = max((m for _, m in line.bars), default=0.0)
    if most <= 0:
        return [el("text", {"class": "small", "x": LEFT + 6, "y": axis - 8}, "no bad minutes")]
    slot = timedelta(seconds=line.slot_s)
    out = [
        el("text", {"class": "small end", "x": LEFT - 6, "y": TOP + 8}, f"{most:,.0f}"),
        el("text", {"class": "small end", "x": LEFT - 6, "y": TOP + 21}, "bad min"),
    ]
    for at, minutes in line.bars:
        x, high = _x(line, at), BARS * minutes / most
        wide = max(_x(line, at + slot) - x - 0.8, 0.8)
        what = el("title", None, f"{minutes:,.0f} bad minutes")
        out.append(el("rect", {"class": "bar", "x": x, "y": axis - high, "width": wide, "height": high}, what))
    return out


def _ticks(line: TimeLine, zone: tzinfo, axis: float) -> list[Html]:
    minutes = (line.end - line.begin).total_seconds() / 60
    step = next((s for s in _STEPS if minutes / s <= 10), _STEPS[-1])
    out = [el("line", {"class": "axis", "x1": LEFT, "x2": WIDE - RIGHT, "y1": axis, "y2": axis})]
    first = line.begin.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    at, told = first, None
    while at <= line.end:
        if at >= line.begin:
            x, day = _x(line, at), at.astimezone(zone).date()
            word = at.astimezone(zone).strftime("%H:%M" if day == told and step < 1440 else "%d %b %H:%M")
            told = day
            out.append(el("line", {"class": "axis", "x1": x, "x2": x, "y1": axis, "y2": axis + 5}))
            if x < WIDE - RIGHT - 24:
                out.append(el("text", {"class": "small mid", "x": max(x, LEFT + 24), "y": axis + 18}, word))
        at += timedelta(minutes=step)
    return out


def _marks(line: TimeLine, axis: float) -> list[Html]:
    out, ends = [], [-1e9, -1e9]
    for mark in line.marks:
        x = _x(line, mark.at)
        if mark.kind == "revision":
            out.append(el("circle", {"class": "dot", "cx": x, "cy": axis, "r": 3.2}, el("title", None, mark.text)))
            continue
        wide = 6.2 * len(mark.text) + 10
        row = 0 if x >= ends[0] else 1
        anchor = "end" if x + wide > WIDE - RIGHT else ""
        ends[row] = x + wide
        y = 12 + 13 * row
        out.append(el("line", {"class": f"mark {mark.kind}", "x1": x, "x2": x, "y1": y + 3, "y2": axis}))
        place: dict[str, str | float | None] = {"class": f"small {anchor}", "x": x - 3 if anchor else x + 4, "y": y + 4}
        out.append(el("text", place, mark.text))
    return out


def _span(line: TimeLine, span: Span, y: float, zone: tzinfo) -> Html:
    left, right = _x(line, span.begin), _x(line, span.end or line.end)
    wide = max(right - left, 3.0)
    until = "still" if span.end is None else span.end.astimezone(zone).strftime("%d %b %H:%M")
    title = f"{span.text}: {span.begin.astimezone(zone):%d %b %H:%M} to {until}"
    room_right = WIDE - RIGHT - left - wide
    inside = wide > 6.2 * len(span.text) + 12
    after = room_right > 6.2 * len(span.text) + 8
    x = left + 5 if inside or not (after or left > WIDE / 2) else left + wide + 5 if after else left - 5
    anchor = "" if inside or after or left <= WIDE / 2 else "end"
    return el(
        "g",
        None,
        el("title", None, title),
        el("rect", {"class": f"span {span.kind}", "x": left, "y": y - 11, "width": wide, "height": 14, "rx": 3}),
        el("text", {"class": f"small on {span.kind}" if inside else f"small {anchor}", "x": x, "y": y}, span.text),
    )


def window(times: Sequence[datetime], slot_s: int) -> tuple[datetime, datetime]:
    """What a time line shows: all of `times`, with a margin on both sides."""
    first, last = min(times), max(times)
    margin = max((last - first) * 0.06, timedelta(seconds=2 * slot_s))
    return first - margin, last + margin
