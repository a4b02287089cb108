"""How many values a second one core reads from 3GPP performance files.

    python benchmarks/pm_parsing.py [FILE or FOLDER ...] [--json] [--goal 200000]

Without arguments it makes two large files, one in each value form. Every figure is the best of three runs of
bytes-to-frame (gzip undone, parsed, joined, repeats dropped) in a single process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cemcore.domain import Window
from collectors.pm_xml import PmXml

NS = "http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec"
KPIS = [f"DRB.Counter{i:02d}.5QI9" for i in range(20)]


def document(elements: int, cells: int, indexed: bool) -> bytes:
    """A file of `elements` network elements with `cells` cells each and 20 counters a cell."""
    out = [f'<?xml version="1.0"?>\n<measCollecFile xmlns="{NS}"><fileHeader dnPrefix="DC=operator.example"/>\n']
    head = '<granPeriod duration="PT900S" endTime="2026-01-01T00:15:00+00:00"/>'
    if indexed:
        head += "".join(f'<measType p="{p}">{k}</measType>' for p, k in enumerate(KPIS, 1))
    else:
        head += f"<measTypes>{' '.join(KPIS)}</measTypes>"
    for e in range(elements):
        out.append(f'<measData><managedElement localDn="SubNetwork=N,ManagedElement=GNB-{e:05d}"/><measInfo>{head}\n')
        for c in range(cells):
            values = [str((e * 31 + c * 17 + i * 7) % 1000 / 10) for i in range(len(KPIS))]
            if indexed:
                body = "".join(f'<r p="{p}">{v}</r>' for p, v in enumerate(values, 1))
            else:
                body = f"<measResults>{' '.join(values)}</measResults>"
            out.append(f'<measValue measObjLdn="GNBDUFunction=1,NRCellDU={c}">{body}</measValue>\n')
        out.append("</measInfo></measData>\n")
    out.append("<fileFooter/></measCollecFile>\n")
    return gzip.compress("".join(out).encode(), 1)


def measure(path: Path) -> dict[str, object]:
    """Values, seconds and values a second of a file, or of all files below a folder."""
    folder, pattern = (path, "**/*.xml.gz | **/*.xml") if path.is_dir() else (path.parent, path.name)
    window = Window.until(datetime.now(UTC) + timedelta(hours=1))
    batches = list(PmXml("benchmark", str(folder), pattern).collect(window))
    best, values, refused = float("inf"), 0, 0
    for _ in range(3):
        begin = time.process_time()
        contents = [b.read() for b in batches]
        best = min(best, time.process_time() - begin)
        values = sum(len(c.frame) for c in contents)
        refused = sum(len(c.quarantine) for c in contents)
    return {
        "what": path.name or str(path),
        "files": len(batches),
        "values": values,
        "refused": refused,
        "seconds": round(best, 3),
        "values_per_s": round(values / best) if best else 0,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--goal", type=int, default=200_000, help="values a second that must be reached")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        paths = args.paths
        if not paths:
            for name, indexed in (("indexed.xml.gz", True), ("positional.xml.gz", False)):
                Path(temporary, name).write_bytes(document(2000, 9, indexed))
            paths = [Path(temporary, "indexed.xml.gz"), Path(temporary, "positional.xml.gz")]
        figures = [measure(p) for p in paths]
    if args.json:
        print(json.dumps({"benchmark": "pm_parsing", "goal_values_per_s": args.goal, "figures": figures}, indent=1))
    else:
        print(f"{'what':<24}{'files':>8}{'values':>12}{'refused':>9}{'s':>9}{'values/s':>12}")
        for f in figures:
            print(
                f"{f['what']:<24}{f['files']:>8}{f['values']:>12}{f['refused']:>9}{f['seconds']:>9}{f['values_per_s']:>12}"
            )
    return 0 if all(int(str(f["values_per_s"])) >= args.goal for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
