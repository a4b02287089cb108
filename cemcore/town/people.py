"""Who lives in the town: customers, users, things, and the services that they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cemcore.town.calendar import Calendar, iso
from cemcore.town.network import Network
from cemcore.town.seeds import Rng, stream
from cemcore.town.sizes import Size

Row = dict[str, Any]

PHONES = (
    ("Nimbus 7", "Nimbus", ("N7-3.1", "N7-3.2"), 0.22),
    ("Nimbus 6", "Nimbus", ("N6-2.8", "N6-2.9"), 0.16),
    ("Fable One", "Fable", ("F1-10.4", "F1-10.5"), 0.2),
    ("Fable Mini", "Fable", ("FM-10.4", "FM-10.5"), 0.12),
    ("Tern A5", "Tern", ("A5-6.0", "A5-6.1"), 0.18),
    ("Tern B2 LTE", "Tern", ("B2-4.7",), 0.12),
)
GATEWAYS = (
    ("Portico X", "Latch", ("PX-2.0", "PX-2.1"), 0.4),
    ("Portico S", "Latch", ("PS-1.7", "PS-1.8"), 0.35),
    ("LumeBox", "Lumenta", ("LB-5.0",), 0.25),
)
THINGS = {
    "meter": (("Joulet E2", "Joulet", ("E2-1.1", "E2-1.2"), 0.6), ("Wattson M", "Wattson", ("WM-8.3",), 0.4)),
    "camera": (("Ocel 4", "Ocel", ("O4-2.2", "O4-2.3"), 0.6), ("Watchpost", "Vigil", ("WP-3.0",), 0.4)),
    "car": (("Telebox 3", "Cardan", ("T3-12.0", "T3-12.1"), 0.7), ("Telebox 4", "Cardan", ("T4-1.0",), 0.3)),
    "plc": (("Stepper C1", "Stepper", ("C1-7.7",), 0.7), ("Relay 20", "Unitary", ("RL-2.1", "RL-2.2"), 0.3)),
}
APPS = {
    "voice": (("Phone", "-", 1.0),),
    "video": (("Reelio", "12.1", 0.45), ("Cinestra", "4.0", 0.35), ("Tubular", "8.8", 0.2)),
    "web": (("Browser", "-", 1.0),),
    "gaming": (("Skirmish", "3.3", 0.6), ("Kartista", "1.9", 0.4)),
}
SLICES = {"phone": "1-000001", "car": "1-000001", "meter": "3-000001", "camera": "3-000001", "plc": "2-0000A1"}
TAKES = {
    "phone": (("voice", 0.95), ("video", 0.85), ("web", 1.0), ("gaming", 0.28)),
    "fixed": (("voice", 0.28), ("video", 0.92), ("web", 1.0), ("gaming", 0.36)),
    "meter": (("iot_telemetry", 1.0),),
    "camera": (("iot_telemetry", 1.0),),
    "car": (("iot_telemetry", 1.0), ("web", 0.6)),
    "plc": (("slice_control", 1.0),),
}
ENDPOINT = {"voice": "IMS", "video": "CDN", "web": "DNS", "gaming": "PEER", "iot_telemetry": "IOTGW"}
SHARES = (("phone", 0.53), ("fixed", 0.17), ("meter", 0.13), ("camera", 0.08), ("car", 0.05), ("plc", 0.04))


@dataclass
class People:
    """Inventory rows of customers, subjects and services; subjects and services in the order of their numbers."""

    customers: list[Row] = field(default_factory=list)
    subjects: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)


def settle(seed: int, size: Size, net: Network, calendar: Calendar) -> People:
    """The people of a town of that size, their terminals laid into the network."""
    rng = stream(seed, "people")
    out = People()
    kinds = np.repeat([k for k, _ in SHARES], _apportion(size.subjects))
    rng.shuffle(kinds)
    for n, kind in enumerate(kinds):
        out.subjects.append(_subject(rng, n, str(kind), net))
    _customers(rng, out)
    _newcomers(rng, out, calendar)
    for subject in out.subjects:
        _services(rng, out, subject, net)
    return out


def _apportion(total: int) -> list[int]:
    counts = [int(total * share) for _, share in SHARES]
    counts[0] += total - sum(counts)
    return counts


def _pick(rng: Rng, offers: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    weights = np.array([o[-1] for o in offers], dtype=float)
    return offers[int(rng.choice(len(offers), p=weights / weights.sum()))]


def _subject(rng: Rng, n: int, kind: str, net: Network) -> Row:
    model, vendor, versions, _ = _pick(rng, {"phone": PHONES, "fixed": GATEWAYS, **THINGS}[kind])
    region = str(rng.choice(net.regions))
    row: Row = {
        "subject_id": f"SUB-{n:06d}",
        "subject_class": "user" if kind in ("phone", "fixed") else "thing",
        "subject_type": kind,
        "device_model": model,
        "device_vendor": vendor,
        "firmware": versions[-1] if rng.random() < 0.75 else versions[0],
        "plan": _plan(rng, kind),
        "slice": SLICES.get(kind, ""),
        "region": region,
    }
    if kind == "fixed":
        row["cpe_id"] = net.add(f"CPE-{n:06d}", "cpe", f"Home gateway {n:06d}", region=region, vendor=vendor)
        row["access_line"] = str(rng.choice([a for a in net.of("pon_port") if net.region(a) == region]))
        net.connect(row["cpe_id"], row["access_line"], "uplink")
    return row


def _plan(rng: Rng, kind: str) -> str:
    if kind == "phone":
        return str(rng.choice(["Go 10", "Go 40", "Go Max"], p=[0.4, 0.4, 0.2]))
    if kind == "fixed":
        return str(rng.choice(["Home 150", "Home 300", "Home 900"], p=[0.35, 0.4, 0.25]))
    return {"meter": "Things S", "camera": "Things L", "car": "Things Auto", "plc": "Control"}[kind]


def _customers(rng: Rng, out: People) -> None:
    by_kind: dict[str, list[Row]] = {k: [s for s in out.subjects if s["subject_type"] == k] for k, _ in SHARES}
    for kind, vertical in (("meter", "utilities"), ("camera", "security"), ("plc", "manufacturing")):
        half = max(1, round(len(by_kind[kind]) * 0.6))
        for part in (by_kind[kind][:half], by_kind[kind][half:]):
            _customer(rng, out, "iot_enterprise", part, vertical)
    _customer(rng, out, "b2b2c", by_kind["car"], "automotive")
    users = by_kind["phone"] + by_kind["fixed"]
    rng.shuffle(users)
    while users:
        kind = str(rng.choice(["household", "soho", "sme", "enterprise"], p=[0.84, 0.09, 0.06, 0.01]))
        low, high = {"household": (1, 4), "soho": (1, 2), "sme": (3, 9), "enterprise": (10, 30)}[kind]
        take = int(rng.integers(low, high + 1))
        part, users = users[:take], users[take:]
        vertical = (
            "" if kind == "household" else str(rng.choice(["retail", "services", "health", "crafts", "transport"]))
        )
        _customer(rng, out, kind, part, vertical)


_SEGMENTS = {
    "household": "consumer", "soho": "small business", "sme": "business", "enterprise": "corporate",
    "iot_enterprise": "iot", "b2b2c": "iot",
}  # fmt: skip


def _customer(rng: Rng, out: People, kind: str, members: list[Row], vertical: str) -> None:
    if not members:
        return
    id = f"CUS-{len(out.customers):06d}"
    declared = _SEGMENTS[kind] if rng.random() > 0.12 else ""
    hidden = kind == "soho" and rng.random() < 0.35
    employees = {"household": 0, "soho": 2, "sme": 25, "enterprise": 700}.get(kind, 300)
    out.customers.append(
        {
            "customer_id": id,
            "customer_type": kind,
            "declared_segment": "consumer" if hidden else declared,
            "vertical": vertical,
            "employees": int(employees * rng.uniform(0.4, 1.8)),
            "region": members[0]["region"],
            "tenure_months": int(rng.gamma(2.0, 22)),
            "monthly_spend": round(sum(_price(m) for m in members) * float(rng.uniform(0.85, 1.25)), 2),
            "n_subjects": len(members),
            "consent_analytics": bool(rng.random() < 0.7),
            "consent_marketing": bool(rng.random() < 0.4),
            "consent_contact": bool(rng.random() < 0.8),
            "preferred_channel": str(rng.choice(["email", "app", "sms", "phone"], p=[0.32, 0.3, 0.28, 0.1])),
            "contacts_12m": int(rng.poisson(1.1)),
        }
    )
    for m in members:
        m["customer_id"] = id


def _price(subject: Row) -> float:
    return {"phone": 28.0, "fixed": 41.0, "meter": 0.9, "camera": 6.0, "car": 4.0, "plc": 19.0}[subject["subject_type"]]


def _newcomers(rng: Rng, out: People, calendar: Calendar) -> None:
    """Some join and some leave while we watch; `left` is known to the town alone."""
    for subject in out.subjects:
        luck = rng.random()
        moment = calendar.midnight(0) + int(rng.random() * 86400 * calendar.days) // 900 * 900
        if subject["subject_type"] != "plc" and luck < 0.03:
            subject["activated"] = iso(moment)
            subject["from"] = moment
        elif luck > 0.98:
            subject["until"] = moment


def _services(rng: Rng, out: People, subject: Row, net: Network) -> None:
    kind = subject["subject_type"]
    centres = [d.removeprefix("DC-") for d in net.of("data_centre")]
    near = centres[net.regions.index(subject["region"]) % len(centres)]
    for service, share in TAKES[kind]:
        if rng.random() >= share:
            continue
        at = near if rng.random() < 0.85 else str(rng.choice(centres))
        app, version = _app(rng, kind, service)
        out.services.append(
            {
                "service_id": f"SVC-{len(out.services):07d}",
                "subject_id": subject["subject_id"],
                "service": service,
                "gateway_id": _gateway(subject, near),
                "endpoint_id": _endpoint(rng, net, service, at),
                "slice": subject["slice"],
                "app": app,
                "app_version": version,
                "state": "active",
            }
        )


def _app(rng: Rng, kind: str, service: str) -> tuple[str, str]:
    if service in APPS:
        app, version, _ = _pick(rng, APPS[service])
        return app, version
    return {"meter": "Gridwise", "camera": "Lookout", "car": "Convoy", "plc": "LineOS"}[kind], "-"


def _gateway(subject: Row, centre: str) -> str:
    if subject["subject_type"] == "plc":
        return f"UPFS-{centre}"
    if subject["subject_type"] == "fixed":
        return f"BNG-{centre}-1"
    return f"UPF-{centre}-{1 + int(subject['subject_id'][-6:]) % 2}"


def _endpoint(rng: Rng, net: Network, service: str, centre: str) -> str:
    if service not in ENDPOINT:
        return ""
    if service == "video":
        return str(rng.choice([c for c in net.of("cdn_node") if net.region(c) == centre]))
    return f"{ENDPOINT[service]}-{centre}"
