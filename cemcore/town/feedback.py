"""What customers say: surveys, contacts, churn and bills."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from cemcore.town.files import put_csv
from cemcore.town.seeds import stream
from cemcore.town.truth import Truth
from cemcore.town.world import World

_HOUR_COSTS = 0.12
_MONTHS = 12


def write(folder: Path, world: World, truth: Truth) -> None:
    """nps.csv, contacts.csv, churn.csv and billing.csv; bad hours lower the score and raise contacts and churn."""
    rng = stream(world.seed, "feedback")
    bad = truth.bad_hours()
    calendar = world.calendar
    rows: dict[str, list[dict[str, object]]] = {"nps": [], "contacts": [], "churn": [], "billing": []}
    for customer in world.people.customers:
        id, hours = customer["customer_id"], bad.get(customer["customer_id"], 0.0)
        day = calendar.date(int(rng.integers(calendar.days)))
        if rng.random() < 0.5:
            score = int(np.clip(round(rng.normal(8.2, 1.6) - _HOUR_COSTS * min(hours, 40)), 0, 10))
            rows["nps"].append({"customer_id": id, "date": day.isoformat(), "score": score})
        for _ in range(int(rng.poisson(0.08 + 0.02 * min(hours, 30)))):
            reason = str(
                rng.choice(["service quality", "no service", "slow internet", "billing", "order", "information"])
            )
            channel = str(rng.choice(["call", "chat", "app", "shop"], p=[0.5, 0.25, 0.2, 0.05]))
            late = calendar.date(int(rng.integers(calendar.days)))
            rows["contacts"].append({"customer_id": id, "date": late.isoformat(), "channel": channel, "reason": reason})
        if rng.random() < 0.03 + 0.004 * min(hours, 40):
            gone = calendar.date(calendar.days) + timedelta(days=int(rng.integers(5, 60)))
            reason = "quality" if hours > 4 and rng.random() < 0.6 else str(rng.choice(["price", "moved", ""]))
            rows["churn"].append({"customer_id": id, "date": gone.isoformat(), "reason": reason})
        rows["billing"] += _bills(rng, world, customer)
    for name, columns in (
        ("nps", ("customer_id", "date", "score")),
        ("contacts", ("customer_id", "date", "channel", "reason")),
        ("churn", ("customer_id", "date", "reason")),
        ("billing", ("customer_id", "month", "amount")),
    ):
        ordered = sorted(rows[name], key=lambda r: (str(r.get("date") or r.get("month")), str(r["customer_id"])))
        put_csv(folder / f"{name}.csv", ordered, columns)


def _bills(rng: np.random.Generator, world: World, customer: dict[str, object]) -> list[dict[str, object]]:
    first = world.calendar.first
    out: list[dict[str, object]] = []
    for back in range(_MONTHS, 0, -1):
        year, month = divmod(first.year * 12 + first.month - 1 - back, 12)
        amount = round(float(str(customer["monthly_spend"])) * float(rng.normal(1, 0.03)), 2)
        out.append({"customer_id": customer["customer_id"], "month": f"{year}-{month + 1:02d}", "amount": amount})
    return out
