"""KPIs of resources by formula: computed from the measurements that arrived together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from cemcore.catalogue import Catalogue, Formula, Kpi, kpi_formulas

_KEY = ["slot", "resource_id", "period_s"]


def with_formulas(frame: pd.DataFrame, catalogue: Catalogue, wanted: Iterable[str]) -> pd.DataFrame:
    """Measurements with a row more for each of the `wanted` KPIs that the catalogue has a formula for, in recorded
    order.

    One row for each slot, resource and period that has all of a formula's inputs; known once the last of them was,
    suspect where one of them is. Of an input that is there twice the one that was known last counts.
    """
    formulas = {n: f for n, f in kpi_formulas(catalogue).items() if n in set(wanted)}
    if not formulas or frame.empty:
        return frame
    parts = [frame, *(_computed(frame, name, catalogue.kpis[name], f) for name, f in formulas.items())]
    return pd.concat(parts, ignore_index=True).sort_values("recorded_at", kind="stable", ignore_index=True)


def _computed(frame: pd.DataFrame, name: str, kpi: Kpi, formula: Formula) -> pd.DataFrame:
    columns = [*_KEY, "value", "suspect", "recorded_at"]
    joined: pd.DataFrame | None = None
    for column, source in kpi.inputs.items():
        mine = frame.loc[frame["kpi"] == source.kpi, columns].drop_duplicates(_KEY, keep="last")
        mine = mine.rename(columns={c: f"{c}_{column}" for c in columns[3:]})
        joined = mine if joined is None else joined.merge(mine, on=_KEY)
    assert joined is not None  # a KPI has at least one input
    if joined.empty:
        return frame.iloc[:0]
    values = {c: joined[f"value_{c}"].to_numpy(np.float64, na_value=np.nan) for c in kpi.inputs}
    out = joined[_KEY].assign(
        kpi=name,
        value=formula.evaluate(values),
        suspect=joined[[f"suspect_{c}" for c in kpi.inputs]].any(axis=1),
        recorded_at=joined[[f"recorded_at_{c}" for c in kpi.inputs]].max(axis=1),
    )
    return out.astype({c: frame[c].dtype for c in ("kpi", "suspect", "recorded_at")})
