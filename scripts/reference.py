"""Writes docs/reference.md from the code: what every feed carries, and what every plug-in can be told.

.venv/bin/python scripts/reference.py           writes it
.venv/bin/python scripts/reference.py --check   exits with 1 where it is out of date
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

from cemcore import plugins
from cemcore.errors import PluginError
from cemcore.frames import CONTRACTS, QUARANTINE, RECORDED_AT, Column

FILE = Path(__file__).resolve().parents[1] / "docs" / "reference.md"
HEAD = """# Reference: feeds and plug-ins

Written by `scripts/reference.py` from the code; a test compares. File formats with examples are in
[formats.md](formats.md), settings in [configuration.md](configuration.md).

## Feeds

What a collector hands over, whatever the source's own format. A row that breaks its contract goes to quarantine with
the reason; a required column that is absent altogether rejects the whole batch. Times are UTC, identifiers are text.
Rows of one feed that agree in the *key* are the same record.
"""
PLUGINS = """## Plug-ins

`cem plugins` prints the same for what is installed, third parties included. Two options of collectors are filled in
from the settings: `source` with the source's name, and a relative `path` starts at the settings' folder.
"""
KINDS = {
    "collectors": "Collectors (`[[sources]]`, `collector = ...`)",
    "experience_models": "Experience models (`services.toml`, `model = ...`)",
    "detectors": "Detectors",
    "examiners": "Examiners (`[zoom]`, `examiners = [...]`)",
}


def document() -> str:
    """The whole file."""
    parts = [HEAD]
    for feed, contract in CONTRACTS.items():
        parts.append(f"### `{feed}`\n\nKey: {', '.join(f'`{k}`' for k in contract.key)}.\n")
        parts.append(_columns([*contract.columns, RECORDED_AT]))
    names = ", ".join(f"`{q}`" for q in QUARANTINE)
    parts.append(
        f"### Quarantine\n\nWhat could not be taken: {names}, with `source`, `origin`, `batch_id` and `recorded_at`.\n"
    )
    parts.append(PLUGINS)
    for kind, title in KINDS.items():
        parts.append(f"### {title}\n")
        parts += [_plugin(kind, name) for name in plugins.names(kind) if _ours(kind, name)]
    return "\n".join(parts).rstrip() + "\n"


def _columns(columns: list[Column]) -> str:
    lines = ["| column | kind | unit | range | |", "|---|---|---|---|---|"]
    for c in columns:
        low, high = ("" if v is None else f"{v:,.10g}" for v in (c.low, c.high))
        span = f"{low} .. {high}".strip() if low or high else ""
        needed = " **required**" if c.required else ""
        unit = "" if c.unit == "1" else c.unit
        lines.append(f"| `{c.name}` | {c.kind} | {unit} | {span} | {c.about}{needed} |")
    return "\n".join(lines) + "\n"


def _ours(kind: str, name: str) -> bool:
    try:
        return plugins.load(kind, name).__module__.split(".")[0] in ("collectors", "models")
    except PluginError:
        return False


def _plugin(kind: str, name: str) -> str:
    cls = plugins.load(kind, name)
    (info,) = [p for p in plugins.describe() if (p.kind, p.name) == (kind, name)]
    doc = inspect.getdoc(cls) or ""
    said = _said(doc)
    if any(option not in said for option, *_ in info.options):
        said = {}
    lines = [f"#### `{name}`\n", f"{info.about}\n"]
    if not said:
        lines += [f"{' '.join(part.split())}\n" for part in doc.split("\n\n")[1:]]
    if info.options:
        lines += ["| option | type | default | |", "|---|---|---|---|"]
        for option, type_, default in info.options:
            cells = (f"`{option}`", f"`{type_}`", f"`{default}`", said.get(option, "" if said else "see above"))
            lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _said(docstring: str) -> dict[str, str]:
    """Option -> what the docstring says of it: lines `name   text` or `name: text`, indented ones going on."""
    out: dict[str, str] = {}
    last = ""
    for line in docstring.splitlines()[1:]:
        found = re.match(r"(\w+)(?:\s{2,}|: )(\S.*)", line)
        if found:
            last, text = found.groups()
            out[last] = text
        elif last and line.startswith("  ") and line.strip():
            out[last] += " " + line.strip()
        else:
            last = ""
    return out


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if FILE.read_text(encoding="utf-8") == document() else "docs/reference.md is out of date")
    FILE.write_text(document(), encoding="utf-8")
