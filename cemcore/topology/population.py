"""From inventory frames to the corridor's population: subjects, their customers and what their services run over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cemcore.codes import Codes
from cemcore.panel import Int32, Population
from cemcore.topology.topology import Topology

ATTRIBUTES = ("device_model", "device_vendor", "firmware", "plan", "slice", "region")
"""Columns of the subjects feed that room three takes for explanations; coded under `attribute:<name>`, as sessions'
are.
"""

KINDS = {"user": 0, "thing": 1}

Coding = Callable[[str], Codes]
"""Gives the coding of a name: subject, customer, segment, attribute:device_model ..."""


@dataclass(frozen=True)
class Facts:
    """What the codes of a population mean."""

    codes: Coding
    services: tuple[str, ...]

    def subject(self, code: int) -> str | None:
        """Pseudonym of a subject, None for -1."""
        return self.codes("subject").text(code)

    def customer(self, code: int) -> str | None:
        """Id of a customer, None for -1."""
        return self.codes("customer").text(code)

    def segment(self, code: int) -> str | None:
        """Name of a segment, None for -1 (undeclared)."""
        return self.codes("segment").text(code)

    def attribute(self, name: str, code: int) -> str | None:
        """Value of an attribute, None for -1."""
        return self.codes(f"attribute:{name}").text(code)


def build_population(
    subjects: pd.DataFrame,
    instances: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    services: Iterable[str],
    topology: Topology,
    codes: Coding,
) -> Population:
    """The population of frames that obey the contracts of subjects, services and customers; new texts get their
    codes.

    `services` gives the service codes their order; instances of other services and of unknown subjects are left out.
    Of several rows for one subject (or one subject and service) the last counts. Subjects that only have a code stand
    there with -1.
    """
    subjects = subjects.drop_duplicates("subject_id", keep="last")
    who = codes("subject").add(subjects["subject_id"])
    n = len(codes("subject"))
    customer = codes("customer").add(subjects["customer_id"])
    segment = _segments(customers, codes)

    def place(column: str) -> Int32:
        return _spread(n, who, _positions(topology, subjects[column]))

    coded = [_spread(n, who, codes(f"attribute:{a}").add(subjects[a])) for a in ATTRIBUTES]
    kind = subjects["kind"].str.lower().map(KINDS).fillna(-1).to_numpy(np.int32)
    gateway, endpoint = _pairs(instances, n, tuple(services), topology, codes)
    return Population(
        kind=_spread(n, who, kind).astype(np.int8),
        customer=_spread(n, who, customer),
        terminal=place("terminal_id"),
        access=place("access_id"),
        attributes=np.stack(coded, axis=1),
        attribute_names=ATTRIBUTES,
        pair_gateway=gateway,
        pair_endpoint=endpoint,
        segment=_spread(n, who, np.append(segment, np.int32(-1))[customer]),
    )


def grown(population: Population, n: int) -> Population:
    """The population with room for n subjects; those that are not in the inventory (yet) stand there with -1."""
    more = n - len(population.kind)
    if more <= 0:
        return population

    def padded(array: Int32) -> Int32:
        return np.concatenate([array, np.full((more, *array.shape[1:]), -1, array.dtype)])

    return replace(
        population,
        kind=np.concatenate([population.kind, np.full(more, -1, np.int8)]),
        customer=padded(population.customer),
        terminal=padded(population.terminal),
        access=padded(population.access),
        attributes=padded(population.attributes),
        pair_gateway=padded(population.pair_gateway),
        pair_endpoint=padded(population.pair_endpoint),
        segment=padded(population.segment),
    )


def _spread(n: int, who: Int32, values: Int32) -> Int32:
    """Values laid at the places `who` of n, -1 elsewhere."""
    out = np.full(n, -1, np.int32)
    out[who] = values
    return out


def _positions(topology: Topology, ids: pd.Series) -> Int32:
    return ids.map(topology.index).fillna(-1).to_numpy(np.int32)


def _segments(customers: pd.DataFrame, codes: Coding) -> Int32:
    """Code of the declared segment by customer code, -1 for none."""
    known = codes("customer").add(customers["customer_id"])
    out = np.full(len(codes("customer")), -1, np.int32)
    out[known] = codes("segment").add(customers["segment"])
    return out


def _pairs(
    instances: pd.DataFrame, n: int, services: tuple[str, ...], topology: Topology, codes: Coding
) -> tuple[Int32, Int32]:
    """Gateway and endpoint by (subject, service)."""
    subject = codes("subject").find(instances["subject_id"])
    service = pd.Index(services, dtype="str").get_indexer(pd.Index(instances["service"]))
    known = (subject >= 0) & (subject < n) & (service >= 0)
    tables = []
    for column in ("gateway_id", "endpoint_id"):
        table = np.full((n, len(services)), -1, np.int32)
        table[subject[known], service[known]] = _positions(topology, instances[column])[known]
        tables.append(table)
    return tables[0], tables[1]
