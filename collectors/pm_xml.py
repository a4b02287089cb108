"""Performance measurements from 3GPP XML files (TS 32.435, TS 28.532 clause 11.3), plain or gzipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import ClassVar

from cemcore.domain import Batch, Content, Feed, Window
from collectors import files, pm_frame, pm_parse

_SECOND = 1_000_000


@dataclass(frozen=True)
class PmXml:
    """Values of counters, one row for each object, counter and granularity period.

    NULL and blank are no values: they are counted, not kept. Of a multi-valued counter `NAME` the items are `NAME#0`,
    `NAME#1` ...

    source      name of the configured source
    path        folder
    pattern     glob below it; several with `|` between them
    quiet_s     live: a file is complete when it was last changed so long ago [s]; 0 trusts names alone
    kpis        globs of the counters to keep (`RRC.*`); none = all
    arrival     `{after_period_s = 300, hourly_after_s = 600}`: so long after the end of the last period that the file
                holds; the second for files that report several periods at once; none = at collection
    skew_s      a period that ends so long after collection counts as clock skew [s]
    """

    source: str
    path: str
    pattern: str = "**/*.xml.gz | **/*.xml"
    quiet_s: float = 2.0
    kpis: tuple[str, ...] = ()
    arrival: Mapping[str, object] = field(default_factory=dict)
    skew_s: float = 300.0

    feed: ClassVar[Feed] = Feed.MEASUREMENTS

    def __post_init__(self) -> None:
        """ConfigError for options that can't be."""
        files.check_folder(self.source, self.path, self.pattern, self.quiet_s)
        files.check_arrival(self.source, self.arrival, {"after_period_s": float, "hourly_after_s": float})

    def collect(self, window: Window) -> Iterator[Batch]:
        """A batch for each file that is complete at the window's end."""
        folder = files.folder(self.source, self.path, self.pattern, self.quiet_s, self.arrival)
        read = partial(self._read, int(window.end.timestamp() * _SECOND), _wanted(tuple(self.kpis)))
        return folder.batches(self.feed, window, read)

    def _read(self, now_us: int, wanted: Callable[[str], bool], name: str, data: bytes) -> Content:
        plain, fault = files.unzip(data)
        values = pm_parse.parse(plain, wanted) if plain or not fault else pm_parse.Values()
        if fault:
            values.refused = [r for r in values.refused if not r[1].startswith("cut short")]
            values.refused.append(("file", fault, ""))
        content = pm_frame.frame(values, self._arrived(values) if self.arrival and values.spans else None)
        if self.arrival:
            return content
        ahead = [i for (begin, length), i in values.spans.items() if begin + length > now_us + self.skew_s * _SECOND]
        skewed = sum(n for n, i in zip(values.runs, values.periods, strict=True) if i in ahead) if ahead else 0
        return Content(content.frame, content.quarantine, {**content.counts, "clock_skew": skewed})

    def _arrived(self, values: pm_parse.Values) -> int:
        """When the file was there [us]: after the last period that it holds, a cut one after its reporting period."""
        held = {i: begin + length for (begin, length), i in values.spans.items()}
        last = max(held.values())
        longest = max(length for _, length in values.spans)
        several = len(set(held.values())) > 1 or values.report_us > longest
        due = (values.begin_us or 0) + values.report_us
        if several and last < due <= last + values.report_us:
            last = due
        after = float(str(self.arrival.get("after_period_s", 0)))
        if several and "hourly_after_s" in self.arrival:
            after = float(str(self.arrival["hourly_after_s"]))
        return last + round(after * _SECOND)


def _wanted(kpis: tuple[str, ...]) -> Callable[[str], bool]:
    if not kpis:
        return lambda _: True
    return cache(lambda name: any(fnmatchcase(name, k) for k in kpis))
