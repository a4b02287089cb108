"""Detail on request: the raw records behind one series, from files that are not collected otherwise."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from cemcore.domain import Batch, Content, Feed, Window
from cemcore.frames import empty, quarantined
from cemcore.zooming import DetailRequest, Level

MOST_FILES = 48
"""A request opens at most so many files: those whose name carries a day of its window, else the last by name."""


@dataclass(frozen=True)
class Detail:
    """The answer to one request, read when it is asked for: rows of its series and window out of `batches`."""

    source: str
    request: DetailRequest
    batches: Callable[[Window], Iterable[Batch]]

    def batch(self) -> Batch:
        """One batch of feed `detail`; its id is that of the request at this source."""
        digest = hashlib.blake2b(f"{self.source}\0{self.request.request_id}".encode(), digest_size=20).hexdigest()
        return Batch(Feed.DETAIL, self.source, digest, f"request {self.request.request_id}", self.read)

    def read(self) -> Content:
        """Rows until the request's bound is reached; what can't be read is left out, and counted."""
        found = list(self.batches(Window.until(self.request.expires_at)))
        parts: list[pd.DataFrame] = []
        rows, refused = 0, 0
        chosen = self._likely(found)
        for batch in chosen:
            content = batch.read()
            refused += len(content.quarantine)
            part = self._mine(content.frame)
            if len(part):
                parts.append(part.head(self.request.rows - rows))
                rows += len(parts[-1])
            if rows >= self.request.rows:
                break
        frame = pd.concat(parts, ignore_index=True) if parts else empty(Feed.DETAIL)
        return Content(frame, quarantined(), {"files": len(chosen), "rejected": refused})

    def _likely(self, batches: list[Batch]) -> list[Batch]:
        r = self.request
        days = {(r.begin + timedelta(days=d)).date() for d in range(-1, (r.end - r.begin).days + 2)}
        marks = {f"{d:%Y-%m-%d}" for d in days} | {f"{d:%Y%m%d}" for d in days}
        named = [b for b in batches if any(m in b.origin for m in marks)]
        return (named or sorted(batches, key=lambda b: b.origin))[-MOST_FILES:]

    def _mine(self, frame: pd.DataFrame) -> pd.DataFrame:
        if frame.empty:
            return frame
        r = self.request
        whose = "subject_id" if r.level is Level.SUBJECT else "resource_id"
        begin, end = pd.Timestamp(r.begin), pd.Timestamp(r.end)
        inside = (frame["slot"] >= begin) & (frame["slot"] < end)
        mine = frame[inside & (frame[whose] == r.key) & (frame["service"] == r.service)]
        return mine.drop(columns="recorded_at", errors="ignore").reset_index(drop=True)
