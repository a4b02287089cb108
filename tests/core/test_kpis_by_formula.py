"""KPIs by formula: computed for each object and period that has all inputs, known when the last of them was."""

import numpy as np
import pandas as pd

from cemcore.application.arrivals import Measured
from cemcore.application.kpis import with_formulas
from cemcore.catalogue import Catalogue
from cemcore.codes import Codes
from cemcore.settings import shipped

KPIS = """
[kpis.drop_pct]
unit = "%"
formula = "dropped / tried * 100"
inputs.dropped = { kpi = "DRB.Rel", unit = "count" }
inputs.tried = { kpi = "DRB.Estab", unit = "count" }

[kpis.load]
unit = "%"
formula = "clip(convert(used / all_of_it, '%'), 0, 100)"
inputs.used = { kpi = "RRU.Used", unit = "count" }
inputs.all_of_it = { kpi = "RRU.All", unit = "count" }
"""
CATALOGUE = Catalogue.parse(shipped("services.toml").read_text() + KPIS, "services.toml")


def measurements(*lines):
    """Rows from (minute of the slot, resource, kpi, value, suspect, minute known)."""
    start = pd.Timestamp("2026-03-02T12:00Z").as_unit("us")
    frame = pd.DataFrame(lines, columns=["slot", "resource_id", "kpi", "value", "suspect", "recorded_at"])
    for time in ("slot", "recorded_at"):
        frame[time] = start + pd.to_timedelta(frame[time].astype("int64"), unit="min")
    return frame.assign(period_s=900.0).astype(
        {"resource_id": "str", "kpi": "str", "suspect": "bool", "value": "float64"}
    )


FRAME = measurements(
    (0, "C1", "DRB.Rel", 2, False, 20),
    (0, "C2", "DRB.Rel", 5, False, 20),
    (0, "C1", "DRB.Estab", 50, True, 25),
    (15, "C1", "DRB.Rel", 9, False, 35),
    (15, "C2", "DRB.Rel", 1, False, 35),
    (15, "C2", "DRB.Estab", 0, False, 35),
    (15, "C1", "DRB.Estab", 10, False, 36),
)


def test_a_kpi_is_computed_where_all_its_inputs_are():
    got = with_formulas(FRAME, CATALOGUE, ["drop_pct"])
    made = got[got["kpi"] == "drop_pct"].set_index(["resource_id", "slot"])
    assert len(made) == 3
    values = {(r, s.minute): v for (r, s), v in made["value"].items()}
    assert values[("C1", 0)] == 4.0
    assert values[("C1", 15)] == 90.0
    assert np.isnan(values[("C2", 15)])
    assert made["suspect"].tolist() == [True, False, False]
    assert got["recorded_at"].is_monotonic_increasing
    assert len(got) == len(FRAME) + 3


def test_what_nobody_wants_is_not_computed():
    assert with_formulas(FRAME, CATALOGUE, ["RRU.PrbTotDl"]) is FRAME
    assert len(with_formulas(FRAME, CATALOGUE, ["load"])) == len(FRAME)


def test_a_kpi_by_formula_reaches_the_corridor_with_the_others():
    resources = Codes(["C1", "C2"])
    rows, recorded = Measured(("DRB.Estab", "drop_pct"), resources.find, CATALOGUE).rows(FRAME)
    assert sorted(rows.value[(rows.kpi == 1) & ~np.isnan(rows.value)].tolist()) == [4.0, 90.0]
    assert (rows.kpi == 0).sum() == 3
    assert (np.diff(recorded) >= 0).all()
    assert set(rows.period.tolist()) == {900}
