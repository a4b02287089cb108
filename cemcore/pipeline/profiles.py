"""Which requirement profile holds for which record.

Of the profiles that fit a record the narrowest holds: the one that names most of slice, plan, device_model and segment;
of two that name equally many, the one that names the earlier of these. An essential profile is a floor: where one fits,
no narrower profile brings the requirement below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from cemcore.catalogue import NARROWING, Catalogue, Profile
from cemcore.codes import Codes
from cemcore.errors import ConfigError
from cemcore.frames import ATTRIBUTES
from cemcore.kernels import scoring as kernels
from cemcore.panel import Bool, Int8, Int16, Int32, Population, QualityRows

NO_CODES: Mapping[str, Codes] = {}


def codings(codes: Callable[[str], Codes]) -> dict[str, Codes]:
    """The codings that profiles need, by what they narrow by; `codes` gives a coding by its name."""
    return {n: codes(n if n == "segment" else f"attribute:{n}") for n in NARROWING}


def profiles_of(
    rows: QualityRows, catalogue: Catalogue, population: Population, codes: Mapping[str, Codes] = NO_CODES
) -> Int16:
    """The profile of each row, as an index into `catalogue.profiles`; -1 where its service is unknown.

    A subject of unknown kind counts as a user; where a service has a profile for one kind only, it holds for both.
    ConfigError where a profile is narrowed by something that `codes` lacks.
    """
    fitting = _Fitting(rows, catalogue, population, codes)
    out = fitting.narrowest(lambda p: True)
    if not any(p.narrowed for p in catalogue.profiles) or not any(p.essential for p in catalogue.profiles):
        return out
    floor = fitting.narrowest(lambda p: p.essential)
    required = np.append([p.requirement for p in catalogue.profiles], -np.inf)
    return np.where(required[floor] >= required[out], floor, out).astype(np.int16)


def _narrowness(profile: Profile) -> tuple[int, int]:
    """(how much it names, what weighs more of equally much)."""
    names = profile.narrowed
    return len(names), sum(1 << (len(NARROWING) - NARROWING.index(n)) for n in names)


class _Fitting:
    """Which rows a profile fits, each column looked up once."""

    def __init__(
        self, rows: QualityRows, catalogue: Catalogue, population: Population, codes: Mapping[str, Codes]
    ) -> None:
        self._rows, self._catalogue, self._population, self._codes = rows, catalogue, population, codes
        self._services = {s: code for code, s in enumerate(catalogue.services)}
        self._seen: dict[str, Int32] = {}

    @cached_property
    def _thing(self) -> Bool:
        return _of_subject(self._population.kind, self._rows.subject) == 1

    def narrowest(self, wanted: Callable[[Profile], bool]) -> Int16:
        """The narrowest of the wanted profiles that fits each row, -1 where none does."""
        profiles = list(enumerate(self._catalogue.profiles))
        general = np.full((len(self._services) + 1, 2), -1, np.int16)
        for n, p in profiles:
            if not p.narrowed:
                general[self._services[p.service], int(p.kind == "thing")] = n
        general = np.where(general < 0, general[:, ::-1], general)
        unwanted = np.array([n for n, p in profiles if not wanted(p)], np.int16)
        general[np.isin(general, unwanted)] = -1
        out = np.empty(len(self._rows), np.int16)
        kernels.by_kind(self._rows.service, self._rows.subject, self._population.kind, general, out)
        narrow = [(_narrowness(p), n) for n, p in profiles if p.narrowed and wanted(p)]
        for _, n in sorted(narrow):
            out = np.where(self._fits(n), np.int16(n), out)
        return out

    def _fits(self, n: int) -> Bool:
        p = self._catalogue.profiles[n]
        hit = (self._rows.service == self._services[p.service]) & (self._thing == (p.kind == "thing"))
        for name, text in p.narrowed.items():
            hit &= self._attribute(name) == self._code(name, text, n)
        return np.asarray(hit)

    def _code(self, name: str, text: str, n: int) -> int:
        """Code of `text`; -2, which no row has, where nobody has been seen with it."""
        if name not in self._codes:
            raise ConfigError(self._catalogue.file, f"profiles.{n}.{name}", f"nothing here knows the {name} of a row")
        found = int(self._codes[name].find([text])[0])
        return found if found >= 0 else -2

    def _attribute(self, name: str) -> Int32:
        if name not in self._seen:
            if name == "segment":
                self._seen[name] = _of_subject(self._population.segment, self._rows.subject)
            else:
                self._seen[name] = _attribute(self._rows, self._population, name)
        return self._seen[name]


def _attribute(rows: QualityRows, population: Population, name: str) -> Int32:
    """Codes of an attribute: as seen in the session, else as the inventory has it of the subject; -1 unknown."""
    seen = rows.attributes[:, ATTRIBUTES.index(name)] if name in ATTRIBUTES else np.full(len(rows), -1, np.int32)
    if name not in population.attribute_names:
        return seen
    kept = _of_subject(population.attributes[:, population.attribute_names.index(name)], rows.subject)
    return np.where(seen < 0, kept, seen).astype(np.int32)


def _of_subject(column: Int32 | Int8, subject: Int32) -> Int32:
    """`column` of each row's subject; -1 for subjects that the population does not know."""
    known = (subject >= 0) & (subject < len(column))
    out = np.full(len(subject), -1, np.int32)
    out[known] = column[subject[known]]
    return out
