"""The inventory as files: CSV, and JSON after TMF639 and TMF638."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cemcore.town.files import put_csv, put_json
from cemcore.town.world import World

_RESOURCE = "/tmf-api/resourceInventoryManagement/v4/resource/"
_SERVICE = "/tmf-api/serviceInventory/v4/service/"
RESOURCES = (
    "id", "type", "name", "region", "vendor", "dn", "lat", "lon", "medium", "capacity_gbps", "igp_metric",
    "length_km", "role", "redundancy_group", "a_end", "z_end", "transport", "sw_version", "band", "slice",
)  # fmt: skip
CONNECTIONS = ("from_id", "to_id", "relation", "via", "redundancy_group")
SUBJECTS = (
    "subject_id", "subject_class", "subject_type", "customer_id", "device_model", "device_vendor", "firmware", "plan",
    "slice", "region", "cpe_id", "access_line", "activated",
)  # fmt: skip
SERVICES = ("service_id", "subject_id", "service", "gateway_id", "endpoint_id", "slice", "app", "state")
CUSTOMERS = (
    "customer_id", "customer_type", "declared_segment", "vertical", "employees", "region", "tenure_months",
    "monthly_spend", "n_subjects", "consent_analytics", "consent_marketing", "consent_contact", "preferred_channel",
    "contacts_12m",
)  # fmt: skip


def write(folder: Path, world: World) -> None:
    """Ten files: resources, connections, subjects, services, customers, each as CSV and JSON."""
    people, net = world.people, world.net
    tables: tuple[tuple[str, list[dict[str, Any]], tuple[str, ...]], ...] = (
        ("resources", list(net.resources.values()), RESOURCES),
        ("connections", net.connections, CONNECTIONS),
        ("subjects", people.subjects, SUBJECTS),
        ("services", people.services, SERVICES),
        ("customers", people.customers, CUSTOMERS),
    )
    for name, rows, columns in tables:
        put_csv(folder / f"{name}.csv", rows, columns)
        if name not in ("resources", "services"):
            put_json(folder / f"{name}.json", [{c: r.get(c, "") for c in columns} for r in rows])
    put_json(folder / "resources.json", _resources(world))
    put_json(folder / "services.json", [_service(s) for s in people.services])


def _resources(world: World) -> list[dict[str, Any]]:
    below: dict[str, list[dict[str, Any]]] = {}
    for c in world.net.connections:
        traits = [{"name": k, "value": c[k]} for k in ("via", "redundancy_group") if c[k]]
        relation = {"relationshipType": c["relation"], "id": c["to_id"], "href": _RESOURCE + c["to_id"]}
        below.setdefault(c["from_id"], []).append(
            relation | ({"resourceRelationshipCharacteristic": traits} if traits else {})
        )
    return [_resource(r, below.get(r["id"], [])) for r in world.net.resources.values()]


def _resource(row: dict[str, Any], relations: list[dict[str, Any]]) -> dict[str, Any]:
    traits = [{"name": c, "value": row[c]} for c in RESOURCES[3:] if row.get(c) not in (None, "")]
    return {
        "id": row["id"],
        "href": _RESOURCE + row["id"],
        "@type": "LogicalResource"
        if row["type"] in ("nr_cell", "lte_cell", "pon_port", "link")
        else "PhysicalResource",
        "category": row["type"],
        "name": row["name"],
        "resourceStatus": "available",
        "operationalState": "enable",
        "administrativeState": "unlocked",
        "resourceCharacteristic": traits,
        "resourceRelationship": relations,
    }


def _service(row: dict[str, Any]) -> dict[str, Any]:
    supporting = [row[k] for k in ("gateway_id", "endpoint_id") if row[k]]
    traits = [{"name": n, "value": row[k]} for n, k in (("app", "app"), ("sNssai", "slice")) if row[k]]
    return {
        "id": row["service_id"],
        "href": _SERVICE + row["service_id"],
        "serviceType": row["service"],
        "state": row["state"],
        "relatedParty": [{"id": row["subject_id"], "role": "subject", "@referredType": "Individual"}],
        "supportingResource": [{"id": r, "@referredType": "LogicalResource"} for r in supporting],
        "serviceCharacteristic": traits,
    }
