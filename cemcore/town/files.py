"""Files that are never seen half written."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def put(path: Path, data: bytes) -> None:
    """Write under a name that readers pass over, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_bytes(data)
    os.replace(unfinished, path)


def put_text(path: Path, text: str) -> None:
    """UTF-8."""
    put(path, text.encode())


def put_json(path: Path, document: object, *, indent: int | None = None) -> None:
    """JSON, with a line end; compact unless indented."""
    separators = None if indent else (",", ":")
    put_text(path, json.dumps(document, indent=indent, separators=separators) + "\n")


def put_csv(path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """CSV with a header; missing values are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    put_text(path, text.getvalue())


def put_gzip(path: Path, data: bytes) -> None:
    """Gzip without time stamp, so that the same data are the same bytes."""
    put(path, gzip.compress(data, 6, mtime=0))
