"""Accuracy for people: the figures of `evaluation.Scores.document()` as tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cemcore.report.tables import table

_PAIR = re.compile(r"\('([^']*)', '([^']*)'\)")
_FALSE_SHOWN = 10


def accuracy_report(scores: Mapping[str, Any]) -> RenderableType:
    """Figures, then what became of each true incident, then what was reported without one."""
    parts: list[RenderableType] = [_figures(scores), Text(), _incidents(scores["per_incident"])]
    false = scores["false_incidents"]
    if false:
        parts += [Text(), Text("Reported, but not true", "bold")]
        parts += [
            Text(f"  {x['id']}: {', '.join(map(_cause, x['causes'])) or 'unknown'}, {x['n']} subjects")
            for x in false[:_FALSE_SHOWN]
        ]
        if len(false) > _FALSE_SHOWN:
            parts.append(Text(f"  ... and {len(false) - _FALSE_SHOWN} more (--json lists them)", "dim"))
    return Group(*parts)


def _figures(s: Mapping[str, Any]) -> Table:
    out = table(("figure", "value", ""), ("value",), f"Accuracy over {s['days']:g} days")
    i, cause, pairs = s["incidents"], s["root_cause"], s["affected_pairs"]["macro_matched"]
    found = (
        f"{i['matched']} of {i['true']} found; {i['predicted']} reported: {i['false']} false, {i['duplicates']} twice"
    )
    delay = s["detection_delay_intervals"]
    trap = s["distractor_false_alarms"]
    rows = (
        ("incident F1", _share(i["f1"]), f"precision {_share(i['precision'])}, recall {_share(i['recall'])}; {found}"),
        (
            "cause right first",
            _share(cause["top1"]),
            f"among the first three {_share(cause['top3'])}; of {cause['of_detected']} found",
        ),
        (
            "affected F1",
            _share(pairs["f1"]),
            f"precision {_share(pairs['precision'])}, recall {_share(pairs['recall'])}; mean over those found",
        ),
        (
            "delay",
            "-" if delay["median"] is None else f"{delay['median']:g}",
            f"slots, median; 90 % within {delay['p90'] or 0:g}",
        ),
        (
            "false alarms a day",
            f"{i['false_per_day']:g}",
            f"{trap['total']} of them fooled by {trap['distractors']} planted distractors",
        ),
        ("data gaps taken for trouble", str(s["data_gap_false_alarms"]), "must be 0"),
    )
    for name, value, more in rows:
        out.add_row(name, Text(value, "bold"), Text(more, "dim"))
    return out


def _incidents(rows: list[Mapping[str, Any]]) -> Table:
    out = table(
        ("true incident", "kind", "alarm", "affected", "found as", "cause", "named", "who: F1", "delay"),
        ("affected", "who: F1", "delay"),
    )
    for r in rows:
        if not r["detected"]:
            out.add_row(r["id"], r["kind"], _yes(r["has_alarm"]), str(r["affected"]), Text("missed", "red"))
            continue
        rank = (
            "right" if r["top1"] else "in the first three" if r["top3"] else "next to it" if r["top3_near"] else "wrong"
        )
        who = r.get("pairs") or r["subjects"]
        style = "green" if r["top1"] else "yellow" if r["top3"] or r["top3_near"] else "red"
        cells = (
            Text(rank, style),
            Text(_cause(str(r["cause"]))),
            _share(who["f1"]),
            f"{r['delay']:g}" if "delay" in r else "-",
        )
        out.add_row(r["id"], r["kind"], _yes(r["has_alarm"]), str(r["affected"]), str(r["pred"]), *cells)
    return out


def _cause(text: str) -> str:
    """`firmware=N7-3.2.1` for an attribute cause, which the scorer's document writes as pairs."""
    pairs = _PAIR.findall(text) if text.startswith("((") else []
    return ", ".join(f"{name}={value}" for name, value in pairs) or text


def _share(value: float) -> str:
    return f"{value:.2f}"


def _yes(flag: bool) -> str:
    return "yes" if flag else "-"
