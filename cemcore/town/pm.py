"""Cell counters as two vendors deliver them: 3GPP TS 32.435 (V10/V8) measCollecFile, file names after TS 32.432, gzip.

Counter names after TS 28.552 (NR) and TS 32.425 (LTE). One vendor writes a B file of all its elements each quarter of
an hour (`measType`/`r`), the other a C file of each element each hour (`measTypes`/`measResults`). Some values are
suspect, some files missing, some cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.town.calendar import SLOT
from cemcore.town.files import put, put_gzip
from cemcore.town.layout import RAN_VENDORS
from cemcore.town.network import NR, PON
from cemcore.town.seeds import stream
from cemcore.town.truth import gap_vendor
from cemcore.town.world import World

MISSING, CUT, SUSPECT = 0.004, 0.0015, 0.004
NAMESPACE = "http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec"
_DU = ("RRU.PrbTotDl", "RRU.PrbTotUl", "DRB.UEThpDl", "DRB.UEThpUl")
_CU = (
    "RRC.ConnEstabAtt", "RRC.ConnEstabSucc", "RRC.ConnMean", "DRB.EstabAtt.5QI1", "DRB.EstabSucc.5QI1",
    "DRB.RelActNbr.5QI1", "MM.HoExeInterReq", "MM.HoExeInterSucc",
)  # fmt: skip
_UP = ("DRB.PdcpSduDelayDl", "DRB.PacketLossRateUl")
_LTE = (
    "RRC.ConnEstabAtt", "RRC.ConnEstabSucc", "RRC.ConnMean", "RRU.PrbTotDl", "RRU.PrbTotUl", "DRB.IPThpDl.QCI9",
    "DRB.IPThpUl.QCI9", "DRB.PdcpSduDelayDl.QCI9", "DRB.PdcpSduLossRateUl.QCI9", "ERAB.EstabInitAttNbr.QCI1",
    "ERAB.EstabInitSuccNbr.QCI1", "ERAB.RelActNbr.QCI1", "HO.InterEnbOutAtt", "HO.InterEnbOutSucc",
)  # fmt: skip
_MEAN = 6
_LTE_ORDER = (4, 5, 6, 0, 1, 2, 3, 12, 13, 7, 8, 9, 10, 11)
GROUPS = {
    "gnb": (
        ("GNBDUFunction", "NRCellDU", _DU, (0, 1, 2, 3)),
        ("GNBCUCPFunction", "NRCellCU", _CU, (4, 5, 6, 7, 8, 9, 10, 11)),
        ("GNBCUUPFunction", "NRCellCU", _UP, (12, 13)),
    ),
    "enb": (("ENBFunction", "EUtranCellFDD", _LTE, _LTE_ORDER),),
}
"""Of a type of element: (function, class, counter names, columns of `Counters.values`)."""


@dataclass(frozen=True)
class Counters:
    """Of one day: values (access resources, slots, 14), NaN = NULL; suspect and silent (access resources, slots)."""

    slots: Int64
    values: Float64
    suspect: Bool
    silent: Bool

    @cached_property
    def rows(self) -> list[list[list[float]]]:
        """The values as plain numbers: writing them one by one is faster so."""
        out: list[list[list[float]]] = self.values.tolist()
        return out


class PmFiles:
    """Writes the PM files of any period."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.counters = lru_cache(maxsize=2)(self._counters)
        net = world.net
        self.stations = {v: [s for s in net.of("gnb", "enb") if net.resources[s]["vendor"] == v] for v in RAN_VENDORS}

    def quarter(self, folder: Path, day: int, slot: int) -> list[Path]:
        """Write the B file of the slot that starts at `slot` [s].

        Gives its path, unless it is one that goes missing.
        """
        vendor = RAN_VENDORS[0]
        name = f"B{_span(slot, slot + SLOT, self.world.calendar.tz)}_OSS-{vendor[:2].upper()}1.xml.gz"
        data = self.counters(day)
        i = int(np.searchsorted(data.slots, slot))
        parts = [self._element_b(station, data, i, slot) for station in self.stations[vendor]]
        return self._put(folder, day, name, slot, vendor, _bulk(parts, vendor, slot, self.world.calendar.tz))

    def hour(self, folder: Path, day: int, begin: int) -> list[Path]:
        """Write the C files of the hour that starts at `begin` [s]; gives their paths."""
        out: list[Path] = []
        vendor = RAN_VENDORS[1]
        data = self.counters(day)
        first = int(np.searchsorted(data.slots, begin))
        for station in self.stations[vendor]:
            heard = [i for i in range(first, first + 3600 // SLOT) if not self._silent(station, data, i)]
            if heard:
                name = f"C{_span(begin, begin + 3600, self.world.calendar.tz)}_{station}.xml.gz"
                out += self._put(folder, day, name, begin, vendor, self._element_c(station, data, heard, begin))
        return out

    def hours(self, day: int) -> Iterator[int]:
        """Starts of the full hours of a day."""
        slots = self.world.calendar.slots(day)
        yield from (int(s) for s in slots if s % 3600 == 0 and s + 3600 <= slots[-1] + SLOT)

    def _put(self, folder: Path, day: int, name: str, slot: int, vendor: str, text: str) -> list[Path]:
        luck = stream(self.world.seed, "pm-file", name).random(3)
        gap = any(gap_vendor(self.world, f) == vendor and slot in times for f, _, times in self.world.silent(day))
        if luck[0] < MISSING or gap:
            return []
        path = folder / self.world.calendar.date(day).isoformat() / name
        put_gzip(path, text.encode())
        if luck[1] < CUT:
            whole = path.read_bytes()
            put(path, whole[: int(len(whole) * (0.3 + 0.6 * luck[2]))])
        return [path]

    def _silent(self, station: str, data: Counters, i: int) -> bool:
        at = self.world.net.points.index[self.world.net.cells_of[station][0]]
        return bool(data.silent[at, i])

    def _element_b(self, station: str, data: Counters, i: int, slot: int) -> str:
        if self._silent(station, data, i):
            return ""
        net = self.world.net
        row = net.resources[station]
        end = _local(slot + SLOT, self.world.calendar.tz)
        label, version = f'userLabel="{row["name"]}"', f'swVersion="{row["sw_version"]}"'
        out = [f'<measData><managedElement localDn="{row["dn"]}" {label} {version}/>']
        for function, class_, names, columns in GROUPS[net.type(station)]:
            types = "".join(f'<measType p="{p}">{n}</measType>' for p, n in enumerate(names, 1))
            out.append(
                f'<measInfo measInfoId="{function},{class_}"><job jobId="pm15"/>'
                f'<granPeriod duration="PT900S" endTime="{end}"/><repPeriod duration="PT900S"/>{types}'
            )
            for n, cell in enumerate(net.cells_of[station], 1):
                values, doubt = _cell(data, net.points.index[cell], i, columns)
                results = "".join(f'<r p="{p}">{v}</r>' for p, v in enumerate(values, 1))
                ldn = f"ManagedElement={station},{function}=1,{class_}={n}"
                out.append(f'<measValue measObjLdn="{ldn}">{results}{doubt}</measValue>')
            out.append("</measInfo>")
        return "\n".join([*out, "</measData>"])

    def _element_c(self, station: str, data: Counters, heard: list[int], begin: int) -> str:
        net = self.world.net
        row = net.resources[station]
        head = _head("V8.0", RAN_VENDORS[1], "", row["dn"], net.type(station).upper(), _local(begin, UTC))
        out = [head, f'<measData><managedElement localDn="{row["dn"]}" swVersion="{row["sw_version"]}"/>']
        for i in heard:
            end = _local(int(data.slots[i]) + SLOT, UTC)
            for function, class_, names, columns in GROUPS[net.type(station)]:
                out.append(
                    f'<measInfo measInfoId="{class_}"><granPeriod duration="PT900S" endTime="{end}"/>'
                    f'<repPeriod duration="PT3600S"/><measTypes>{" ".join(names)}</measTypes>'
                )
                for n, cell in enumerate(net.cells_of[station], 1):
                    values, doubt = _cell(data, net.points.index[cell], i, columns)
                    ldn = f"{function}=1,{class_}={n}"
                    results = f"<measResults>{' '.join(values)}</measResults>"
                    out.append(f'<measValue measObjLdn="{ldn}">{results}{doubt}</measValue>')
                out.append("</measInfo>")
        return "\n".join([*out, "</measData>", _foot(_local(begin + 3600, UTC))])

    def _counters(self, day: int) -> Counters:
        world = self.world
        rng = stream(world.seed, "pm", day)
        slots = world.calendar.slots(day)
        busy = world.load.access(day)
        lte = (world.net.points.technology != NR)[:, None]
        crowd, ill = np.zeros_like(busy), np.zeros_like(busy)
        down, asleep, silent = np.zeros(busy.shape, bool), np.zeros(busy.shape, bool), np.zeros(busy.shape, bool)
        for fault in world.on(day):
            depth = fault.depth(slots)
            at = fault.target.access[:, None]
            if fault.kind.pm == "down":
                standing = world.net.standing(fault.target.down)
                unheard = np.array([world.net.upper[a] not in standing for a in world.net.access])[:, None]
                silent |= at & unheard & (depth > 0)
                down |= at & ~unheard & (depth > 0)
            asleep |= at & (depth > 0) & (fault.kind.pm == "asleep")
            crowd = np.where(at & (fault.kind.pm == "crowded"), np.maximum(crowd, depth), crowd)
            ill = np.where(at & (fault.kind.pm == "slow"), depth, ill)
        busy = np.where(asleep, 0.012, busy + (0.99 - busy) * crowd)
        values = _draw(rng, busy, lte, crowd, ill, asleep)
        values[down] = 0.0
        values[down, 12:] = np.nan
        values[world.net.points.technology == PON] = np.nan
        return Counters(slots, values, down | (rng.random(busy.shape) < SUSPECT), silent)


def _draw(rng: np.random.Generator, busy: Float64, lte: Bool, crowd: Float64, ill: Float64, asleep: Bool) -> Float64:
    """(access resources, slots, 14) counters in the order of the NR groups."""
    n = np.exp(rng.normal(0, 0.1, busy.shape))
    tries = rng.poisson(np.where(lte, 110, 150) * busy * (1 + 5 * crowd) * np.where(asleep, 0.3, 1))
    calls = rng.poisson(9 * busy)
    moves = rng.poisson(15 * busy)
    rate = (
        np.where(lte, 22000, 105000)
        * (1 - 0.8 * busy)
        * n
        * (1 - 0.55 * ill)
        * (1 - 0.9 * crowd)
        * np.where(asleep, 0.1, 1)
    )
    prb = np.clip(np.round(100 * busy * np.exp(rng.normal(0, 0.03, busy.shape))), 0, 100)
    delay = np.where(lte, 140, 78) + 110 * busy**2 + rng.normal(0, 5, busy.shape)
    return np.stack(
        [
            prb,
            np.round(prb * 0.45),
            np.round(rate),
            np.round(rate * 0.17),
            tries,
            tries - rng.binomial(tries, 0.004 + 0.12 * crowd),
            np.round(17 * busy * n * (1 + 3 * crowd), 1),
            calls,
            calls - rng.binomial(calls, 0.003 + 0.06 * crowd),
            rng.binomial(calls, 0.002 + 0.02 * ill),
            moves,
            moves - rng.binomial(moves, 0.02),
            np.round(delay * (1 + 1.6 * ill + 1.2 * crowd)),
            np.round(np.exp(rng.normal(5.9, 0.4, busy.shape)) * (1 + 3 * ill + 6 * crowd)),
        ],
        axis=-1,
    ).astype(float)


def _cell(data: Counters, at: int, i: int, columns: tuple[int, ...]) -> tuple[list[str], str]:
    row = data.rows[at][i]
    values = ["NULL" if row[c] != row[c] else str(row[c]) if c == _MEAN else str(int(row[c])) for c in columns]
    return values, "<suspect>true</suspect>" if data.suspect[at, i] else ""


def _bulk(parts: list[str], vendor: str, slot: int, tz: tzinfo) -> str:
    head = _head(
        "V10.0", vendor, "DC=town.example", f"SubNetwork=RAN,OSS={vendor[:2].upper()}1", "OSS", _local(slot, tz)
    )
    return "\n".join([head, *(p for p in parts if p), _foot(_local(slot + SLOT, tz))])


def _head(version: str, vendor: str, prefix: str, sender: str, kind: str, begin: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<measCollecFile xmlns="{NAMESPACE}">\n'
        f'<fileHeader fileFormatVersion="32.435 {version}" vendorName="{vendor}" dnPrefix="{prefix}">'
        f'<fileSender localDn="{sender}" elementType="{kind}"/><measCollec beginTime="{begin}"/></fileHeader>'
    )


def _foot(end: str) -> str:
    return f'<fileFooter><measCollec endTime="{end}"/></fileFooter>\n</measCollecFile>\n'


def _local(moment: int, tz: tzinfo) -> str:
    return datetime.fromtimestamp(moment, tz).isoformat()


def _span(begin: int, end: int, tz: tzinfo) -> str:
    a, b = datetime.fromtimestamp(begin, tz), datetime.fromtimestamp(end, tz)
    return f"{a:%Y%m%d.%H%M%z}-{b:%H%M%z}"
