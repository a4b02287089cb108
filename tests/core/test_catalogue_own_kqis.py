"""KQIs, counters, KPIs and profiles of one's own, without code; every fault is named with key, reason and remedy."""

import re

import numpy as np
import pytest

from cemcore.catalogue import Catalogue, extra_columns, kpi_formulas, kqi_values
from cemcore.errors import ConfigError

GOOD = """
version = "1"
utility_model = "weighted_index"

[kqis.latency_ms]
unit = "ms"
better = "lower"
habit = "log"
material = 0.2

[kqis.dns_ms]
unit = "ms"
better = "lower"
habit = "log"
material = 0.2
low = 0
high = 60000

[kqis.lost_pct]
unit = "%"
better = "lower"
habit = "log1p"
material = 0.5
low = 0
high = 100
formula = "bytes_lost / bytes_sent * 100"

[kqis.trouble]
unit = "1"
better = "lower"
material = 0.1
low = 0
high = 10
formula = "lost_pct / 100 + where(dns_ms > 500, 1, 0)"

[counters.bytes_lost]
unit = "bytes"

[counters.bytes_sent]
unit = "bytes"
high = 1e15

[kpis.drop_ratio]
unit = "%"
formula = "dropped / tried * 100"
inputs.dropped = { kpi = "DRB.Rel", unit = "count" }
inputs.tried = { kpi = "DRB.Estab", unit = "count" }

[services.lookup]
kqis = ["latency_ms", "dns_ms", "lost_pct", "trouble"]

[services.lookup.indicators.names]
kqi = "dns_ms"
weight = 0.7
moment = "start"
utility = { shape = "linear", good = 20, bad = 500 }

[services.lookup.indicators.loss]
kqi = "lost_pct"
weight = 0.3
utility = { shape = "linear", good = 0, bad = 5 }

[moments]
start = 3

[[profiles]]
service = "lookup"
kind = "user"
requirement = 80
version = "1"
source = "contract"
"""

SECOND = """
[[profiles]]
service = "lookup"
kind = "user"
requirement = 50
version = "2"
source = "again"
segment = "gamer"
"""


def load(tmp_path, text):
    file = tmp_path / "services.toml"
    file.write_text(text, encoding="utf-8")
    return Catalogue.load(file)


def test_a_kqi_of_ones_own_and_its_counters_become_columns_of_quality_records(tmp_path):
    columns = {c.name: (c.kind, c.unit, c.low, c.high) for c in extra_columns(load(tmp_path, GOOD))}
    assert columns == {
        "dns_ms": ("number", "ms", 0, 60000),
        "bytes_lost": ("number", "bytes", 0, None),
        "bytes_sent": ("number", "bytes", 0, 1e15),
    }


def test_kqis_by_formula_are_computed_also_from_each_other_and_beyond_their_bounds_unknown(tmp_path):
    carried = {
        "latency_ms": np.array([50.0, 50.0, np.nan]),
        "dns_ms": np.array([600.0, 10.0, 10.0]),
        "bytes_lost": np.array([5.0, 200.0, 0.0]),
        "bytes_sent": np.array([100.0, 100.0, 0.0]),
    }
    values = kqi_values(load(tmp_path, GOOD), carried.__getitem__)
    assert values.dtype == np.float32
    expected = [[50, 600, 5, 1.05], [50, 10, np.nan, np.nan], [np.nan, 10, np.nan, np.nan]]
    assert np.allclose(values, np.array(expected, np.float32), equal_nan=True)


def test_kpis_by_formula_read_measurements(tmp_path):
    formula = kpi_formulas(load(tmp_path, GOOD))["drop_ratio"]
    assert formula.inputs == ("dropped", "tried")
    assert formula.evaluate({"dropped": np.array([1.0]), "tried": np.array([50.0])}).tolist() == [2.0]


def test_bounds_and_best_are_those_of_the_table_or_of_the_contract(tmp_path):
    got = load(tmp_path, GOOD)
    assert got.bounds("dns_ms") == (0, 60000)
    assert got.best("dns_ms") == 0
    assert got.bounds("latency_ms") == (0, 600_000)


def test_profiles_may_name_segment_and_device_model(tmp_path):
    text = GOOD + SECOND + SECOND.replace('segment = "gamer"', 'device_model = "P10"\nplan = "Gold"')
    assert [p.name for p in load(tmp_path, text).profiles] == [
        "lookup/user",
        "lookup/user/segment=gamer",
        "lookup/user/Gold/device_model=P10",
    ]


FORMULA = 'formula = "bytes_lost / bytes_sent * 100"'
FAULTS = {
    "own KQI without low": ("low = 0\nhigh = 60000", "high = 60000", "kqis.dns_ms.low", "wants low and high"),
    "own KQI without high": ("low = 0\nhigh = 60000", "low = 0", "kqis.dns_ms.high", "wants low and high"),
    "own KQI upside down": ("high = 60000", "high = -1", "kqis.dns_ms.low", "0 is not below high, -1"),
    "own KQI in an unknown unit": (
        'unit = "ms"\nbetter = "lower"\nhabit = "log"\nmaterial = 0.2\nlow',
        'unit = "jiffy"\nbetter = "lower"\nhabit = "log"\nmaterial = 0.2\nlow',
        "kqis.dns_ms.unit",
        "unknown unit 'jiffy' (there are: 1, count, %",
    ),
    "own KQI with a bad name": ("[kqis.dns_ms]", '[kqis."DNS time"]', "kqis.DNS time", "take a-z, 0-9 and _"),
    "own KQI that is another column": (
        "[kqis.dns_ms]",
        "[kqis.slot]",
        "kqis.slot",
        "another column of quality records",
    ),
    "own KQI that is a word": ("[kqis.dns_ms]", "[kqis.clip]", "kqis.clip", "is a word of formulas; take another name"),
    "own KQI below zero on a log scale": (
        "low = 0\nhigh = 60000",
        "low = -5\nhigh = 60000",
        "kqis.dns_ms.habit",
        "log wants values from 0 on, and low is -5; take raw",
    ),
    "own KQI as a ratio beyond 1": (
        'habit = "log1p"',
        'habit = "ratio"',
        "kqis.lost_pct.habit",
        "ratio wants a share, low 0 and high 1",
    ),
    "own failure value beyond the bounds": (
        "high = 60000",
        "high = 60000\nfailure = 70000",
        "kqis.dns_ms.failure",
        "no value that it can take",
    ),
    "bounds of a KQI that records carry": (
        "[kqis.latency_ms]",
        "[kqis.latency_ms]\nlow = 5",
        "kqis.latency_ms.low",
        "bounds it (0 ms); leave it out",
    ),
    "a formula for a KQI that records carry": (
        "[kqis.latency_ms]",
        '[kqis.latency_ms]\nformula = "dns_ms"',
        "kqis.latency_ms.formula",
        "give a KQI by formula a name of its own",
    ),
    "a formula of ms and %": (
        FORMULA,
        'formula = "dns_ms + bytes_lost / bytes_sent * 100"',
        "kqis.lost_pct.formula",
        "+: ms and 1 don't go together",
    ),
    "a formula in the wrong unit": (
        FORMULA,
        'formula = "dns_ms"',
        "kqis.lost_pct.formula",
        "gives ms, which can't be counted in %",
    ),
    "a formula with a missing factor": (
        FORMULA,
        'formula = "bytes_lost / bytes_sent"',
        "kqis.lost_pct.formula",
        "gives 1, not %: multiply by 100",
    ),
    "a formula of an unknown column": (
        FORMULA,
        'formula = "bytes_gone / bytes_sent"',
        "kqis.lost_pct.formula",
        "unknown column bytes_gone (there are:",
    ),
    "a formula that is none": (FORMULA, 'formula = "bytes_lost /"', "kqis.lost_pct.formula", "is no formula"),
    "a formula with foreign code": (
        FORMULA,
        "formula = \"__import__('os').system('x')\"",
        "kqis.lost_pct.formula",
        "not understood",
    ),
    "a formula of itself": (
        FORMULA,
        'formula = "lost_pct * 1"',
        "kqis.lost_pct.formula",
        "circle: lost_pct -> lost_pct; one must be carried",
    ),
    "formulas in a circle": (
        FORMULA,
        'formula = "trouble * 100"',
        "kqis.lost_pct.formula",
        "circle: lost_pct -> trouble -> lost_pct",
    ),
    "a formula of text columns": (FORMULA, 'formula = "slice * 100"', "kqis.lost_pct.formula", "unknown column slice"),
    "a counter that is a KQI": (
        "[counters.bytes_lost]",
        "[counters.dns_ms]\nunit = 'ms'\n[counters.bytes_lost]",
        "counters.dns_ms",
        "is a KQI already",
    ),
    "a counter in an unknown unit": (
        '[counters.bytes_lost]\nunit = "bytes"',
        '[counters.bytes_lost]\nunit = "octets"',
        "counters.bytes_lost.unit",
        "unknown unit 'octets'",
    ),
    "a counter that is another column": (
        "[counters.bytes_lost]",
        "[counters.sessions]",
        "counters.sessions",
        "another column of quality records",
    ),
    "a counter upside down": ("high = 1e15", "high = -1", "counters.bytes_sent.low", "0 is not below high"),
    "an unknown key in a counter": ("high = 1e15", "top = 3", "counters.bytes_sent.top", "unknown key"),
    "a KPI with an input that it never reads": (
        'formula = "dropped / tried * 100"',
        'formula = "dropped / dropped * 100"',
        "kpis.drop_ratio.inputs.tried",
        "never read by the formula",
    ),
    "a KPI of an unknown input": (
        'formula = "dropped / tried * 100"',
        'formula = "gone / tried * 100"',
        "kpis.drop_ratio.formula",
        "unknown column gone (there are: dropped, tried)",
    ),
    "a KPI in the wrong unit": (
        '[kpis.drop_ratio]\nunit = "%"',
        '[kpis.drop_ratio]\nunit = "ms"',
        "kpis.drop_ratio.formula",
        "can't be counted in ms",
    ),
    "a KPI input in an unknown unit": (
        'kpi = "DRB.Rel", unit = "count"',
        'kpi = "DRB.Rel", unit = "drops"',
        "kpis.drop_ratio.inputs.dropped.unit",
        "unknown unit 'drops'",
    ),
    "a KPI of a KPI": (
        'kpi = "DRB.Rel"',
        'kpi = "drop_ratio"',
        "kpis.drop_ratio.inputs.dropped.kpi",
        "is a formula itself",
    ),
    "a KPI without formula": ('formula = "dropped / tried * 100"\n', "", "kpis.drop_ratio.formula", "is missing"),
    "a moment that there is not": (
        'moment = "start"',
        'moment = "finish"',
        "services.lookup.indicators.names.moment",
        "it says 'finish'",
    ),
    "a multiplier below one": ("start = 3", "start = 0.5", "moments.start", "greater than or equal to 1"),
    "a KQI of a moment and of none": (
        'kqi = "lost_pct"\nweight = 0.3\nutility = { shape = "linear", good = 0, bad = 5 }',
        'kqi = "dns_ms"\nweight = 0.3\nutility = { shape = "linear", good = 0, bad = 5 }',
        "services.lookup.indicators.names.moment",
        "give both the same",
    ),
    "a moment of a model": (
        'kqi = "lost_pct"\nweight = 0.3\nutility = { shape = "linear", good = 0, bad = 5 }',
        'model = "voice_g107"\nweight = 0.3\nmoment = "setup"',
        "services.lookup.indicators.loss.moment",
        "goes with kqi",
    ),
    "a KQI twice in a service": ('"trouble"]', '"trouble", "dns_ms"]', "services.lookup.kqis", "dns_ms is there twice"),
    "a narrowed profile twice": (
        'source = "contract"\n',
        'source = "contract"\n' + SECOND + SECOND,
        "profiles.1",
        "lookup/user/segment=gamer is there twice",
    ),
    "only narrowed profiles": (
        'source = "contract"\n',
        'source = "contract"\ndevice_model = "P10"\n',
        "services.lookup",
        "no profile that holds for every slice, plan, device_model and segment; add one",
    ),
    "an unknown key in moments": ("start = 3", "stop = 3", "moments.stop", "unknown key"),
}


@pytest.mark.parametrize(("old", "new", "key", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named(tmp_path, old, new, key, reason):
    assert old in GOOD
    with pytest.raises(ConfigError, match=re.escape(reason)) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert caught.value.key == key
    assert caught.value.file == str(tmp_path / "services.toml")
