"""Every lens that a report can be parted by, made from the inventory and from where subjects are served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cemcore.application.house import House
from cemcore.application.world import World
from cemcore.domain import Feed
from cemcore.panel import Float64, Int32, Population
from cemcore.pipeline.impact import Counted, Lens, Members, Pairs, Tally, by_pair, by_service, by_subject, through

BANDS = ((0.9, "highest 10 %"), (0.75, "next 15 %"), (0.5, "next 25 %"), (0.0, "lower half"))
"""Bands of monthly spend: from which quantile of all customers on, and what the band is called."""

LENSES: Mapping[str, str] = {
    "segment": "what the customer has declared itself",
    "service": "type of service",
    "area": "region of the access resource, else the subject's own",
    "access": "the access resource: fixed line, else where last served",
    "customer": "who pays",
    "account": "the customer above the one who pays, else the one who pays",
    "spend": "band of monthly spend among all customers",
    "contract": "contract or SLA of the subscription, else the tariff",
    "plan": "tariff",
    "slice": "network slice",
    "kind": "user or thing",
    "type": "phone, fixed, meter, camera ...",
    "device": "device model",
    "vendor": "maker of the device",
    "firmware": "as known to the inventory",
    "customer_type": "household, sme, enterprise ...",
    "vertical": "industry of the customer",
    "gateway": "UPF or BNG that the service runs over",
    "endpoint": "IMS, CDN node, DNS resolver, peering ... that the service runs to",
}
"""Lens -> what it parts by."""

_ATTRIBUTES = {
    "device": "device_model",
    "vendor": "device_vendor",
    "firmware": "firmware",
    "plan": "plan",
    "slice": "slice",
}
_OF_CUSTOMER = {"customer_type": "customer_type", "vertical": "vertical"}
_KINDS = ("user", "thing")


def known_lenses(names: Iterable[str]) -> tuple[str, ...]:
    """Lenses as asked for, each once; ValueError for one that there is not."""
    wanted = tuple(dict.fromkeys(n.strip() for given in names for n in given.split(",") if n.strip()))
    for name in wanted:
        if name not in LENSES:
            raise ValueError(f"lens: {name!r}; there are {', '.join(LENSES)}")
    return wanted


@dataclass(frozen=True)
class Facts:
    """What lenses are made of: a world, its population (room for every subject code), and the access resource of each
    subject, int32 (-1 unknown).
    """

    house: House
    world: World
    population: Population
    access: Int32

    def lens(self, name: str) -> Lens:
        """The lens called `name`."""
        if name in _ATTRIBUTES:
            return self._attribute(name, _ATTRIBUTES[name])
        if name in _OF_CUSTOMER:
            return self._of_customer(name, self._customers[_OF_CUSTOMER[name]])
        return _MAKERS[name](self)

    def counted(self, members: Members, exposed: Pairs, tally: Tally) -> Counted:
        """What is said of pairs, ready to be parted."""
        return Counted.of(members, exposed, tally, self.population, self.spend)

    def lenses(self, names: Iterable[str]) -> list[Lens]:
        """Several of them."""
        return [self.lens(n) for n in names]

    @cached_property
    def spend(self) -> Float64:
        """Monthly spend by customer code, NaN where unknown."""
        return self._by_customer_code(self._customers["monthly_spend"]).to_numpy(np.float64, na_value=np.nan)

    @cached_property
    def _customers(self) -> pd.DataFrame:
        return self.world.frames[Feed.CUSTOMERS].drop_duplicates("customer_id", keep="last").set_index("customer_id")

    def _by_customer_code(self, column: pd.Series) -> pd.Series:
        return column.reindex(self.house.registry.codes("customer").texts)

    def _of_customer(self, name: str, column: pd.Series) -> Lens:
        codes, labels = _factorized(self._by_customer_code(column))
        return by_subject(name, labels, through(self.population.customer, codes))

    def _attribute(self, name: str, column: str) -> Lens:
        at = self.population.attribute_names.index(column)
        labels = self.house.registry.codes(f"attribute:{column}").texts
        return by_subject(name, labels, self.population.attributes[:, at])

    def _of_subject(self, column: str) -> tuple[Int32, list[str]]:
        """(code by subject code, labels) of a column of the subjects feed."""
        subjects = self.world.frames[Feed.SUBJECTS].drop_duplicates("subject_id", keep="last").set_index("subject_id")
        return _factorized(subjects[column].reindex(self.house.registry.codes("subject").texts))

    def _segment(self) -> Lens:
        return by_subject("segment", self.house.registry.codes("segment").texts, self.population.segment)

    def _service(self) -> Lens:
        return by_service(self.house.catalogue.services)

    def _area(self) -> Lens:
        regions = pd.Series(self.world.topology.regions, dtype="str").replace("", None)
        served = regions.to_numpy(object)[self.access]
        home = self.population.attributes[:, self.population.attribute_names.index("region")]
        names = np.array([*self.house.registry.codes("attribute:region").texts, None], object)
        known = (self.access >= 0) & ~pd.isna(served)
        codes, labels = _factorized(pd.Series(np.where(known, served, names[home]), dtype="str"))
        return by_subject("area", labels, codes)

    def _access(self) -> Lens:
        return by_subject("access", self.world.topology.resource_ids, self.access)

    def _customer(self) -> Lens:
        return by_subject("customer", self.house.registry.codes("customer").texts, self.population.customer)

    def _account(self) -> Lens:
        parent = self._by_customer_code(self._customers["parent_id"])
        return self._of_customer("account", parent.fillna(pd.Series(parent.index, parent.index)))

    def _spend(self) -> Lens:
        group, labels = bands(self.spend)
        return by_subject("spend", labels, through(self.population.customer, group))

    def _contract(self) -> Lens:
        instances = self.world.frames[Feed.SERVICES]
        subject = self.house.registry.codes("subject").find(instances["subject_id"])
        service = pd.Index(self.house.catalogue.services, dtype="str").get_indexer(pd.Index(instances["service"]))
        known = (subject >= 0) & (service >= 0) & instances["contract_id"].notna().to_numpy()
        plans = list(self.house.registry.codes("attribute:plan").texts)
        plan = self.population.attributes[:, self.population.attribute_names.index("plan")]
        found, named = _factorized(instances["contract_id"][known])
        group = np.repeat(plan[:, None], len(self.house.catalogue.services), axis=1)
        group[subject[known], service[known]] = found + len(plans)
        return by_pair("contract", [*plans, *named], group)

    def _kind(self) -> Lens:
        return by_subject("kind", _KINDS, self.population.kind.astype(np.int32))

    def _type(self) -> Lens:
        codes, labels = self._of_subject("subject_type")
        return by_subject("type", labels, codes)

    def _gateway(self) -> Lens:
        return by_pair("gateway", self.world.topology.resource_ids, self.population.pair_gateway)

    def _endpoint(self) -> Lens:
        return by_pair("endpoint", self.world.topology.resource_ids, self.population.pair_endpoint)


_MAKERS: Mapping[str, Callable[[Facts], Lens]] = {
    "segment": Facts._segment,
    "service": Facts._service,
    "area": Facts._area,
    "access": Facts._access,
    "customer": Facts._customer,
    "account": Facts._account,
    "spend": Facts._spend,
    "contract": Facts._contract,
    "kind": Facts._kind,
    "type": Facts._type,
    "gateway": Facts._gateway,
    "endpoint": Facts._endpoint,
}


def bands(spend: Float64) -> tuple[Int32, Sequence[str]]:
    """(band by customer, -1 where the spend is unknown; their names with the least spend in each), most spend first.

    Bounds are quantiles over all customers with a known spend, so that bands keep their meaning from report to report.
    """
    known = ~np.isnan(spend)
    out = np.full(len(spend), -1, np.int32)
    if not known.any():
        return out, [name for _, name in BANDS]
    bounds = np.quantile(spend[known], [q for q, _ in BANDS])
    out[known] = np.argmax(spend[known][:, None] >= bounds[None, :], axis=1)
    return out, [f"{name} (from {b:,.2f})" for (_, name), b in zip(BANDS, bounds.tolist(), strict=True)]


def _factorized(values: pd.Series) -> tuple[Int32, list[str]]:
    """(codes, -1 where missing; labels) of texts, labels sorted."""
    codes, labels = pd.factorize(values.astype("str"), sort=True)
    return codes.astype(np.int32), [str(x) for x in labels]
