"""Every fault in a service catalogue is named with file, key and reason, in plain words."""

import re

import pytest

from cemcore.catalogue import Catalogue
from cemcore.errors import ConfigError

GOOD = """
version = "1"
utility_model = "weighted_index"

[kqis.latency_ms]
unit = "ms"
better = "lower"
habit = "log"
material = 0.2

[kqis.delivery_ratio]
unit = "1"
better = "higher"
material = 0.02
failure = 0.0

[services.alarm_button]
kqis = ["latency_ms", "delivery_ratio"]

[services.alarm_button.indicators.delivery]
kqi = "delivery_ratio"
weight = 0.7
utility = { shape = "linear", good = 1.0, bad = 0.9 }

[services.alarm_button.indicators.latency]
kqi = "latency_ms"
weight = 0.3
utility = { shape = "linear", good = 500, bad = 5000 }

[[profiles]]
service = "alarm_button"
kind = "thing"
requirement = 80
version = "1"
source = "contract"
"""


def load(tmp_path, text):
    file = tmp_path / "services.toml"
    file.write_text(text, encoding="utf-8")
    return Catalogue.load(file)


def test_a_new_service_needs_only_kqis_utilities_and_weights(tmp_path):
    got = load(tmp_path, GOOD)
    assert got.services == ("alarm_button",)
    assert got.kqis == ("latency_ms", "delivery_ratio")
    assert [r.key for r in got.models] == ["alarm_button/delivery", "alarm_button/latency"]
    assert got.models[0].plugin == "weighted_index"
    assert got.profiles[0].name == "alarm_button/thing"


SECOND = """
[[profiles]]
service = "alarm_button"
kind = "thing"
requirement = 50
version = "2"
source = "again"
"""

FAULTS = {
    "an unknown key at the top": ("version =", "colour = 1\nversion =", "colour", "unknown key"),
    "an unknown key in a KQI": (
        "material = 0.2\n",
        "material = 0.2\nsize = 3\n",
        "kqis.latency_ms.size",
        "unknown key",
    ),
    "an unknown key in a profile": ("source =", "sauce = 1\nsource =", "profiles.0.sauce", "unknown key"),
    "a file key": ("version =", 'file = "x"\nversion =', "file", "unknown key"),
    "a missing key": ('habit = "log"\nmaterial = 0.2\n', "", "kqis.latency_ms.material", "is missing"),
    "a KQI that no record carries": (
        "[kqis.latency_ms]",
        "[kqis.latency]",
        "kqis.latency.low",
        "no quality record carries this KQI of itself (there are: latency_ms",
    ),
    "a wrong unit": ('unit = "ms"', 'unit = "s"', "kqis.latency_ms.unit", "carry it in ms, not in s"),
    "an unknown direction": ('better = "lower"', 'better = "less"', "kqis.latency_ms.better", "it says 'less'"),
    "an unknown scale": ('habit = "log"', 'habit = "root"', "kqis.latency_ms.habit", "it says 'root'"),
    "a material effect of nothing": ("material = 0.2", "material = 0", "kqis.latency_ms.material", "greater than 0"),
    "an impossible failure value": (
        "failure = 0.0",
        "failure = 2.0",
        "kqis.delivery_ratio.failure",
        "no value that it can take",
    ),
    "a service with an unknown KQI": (
        'kqis = ["latency_ms",',
        'kqis = ["latency_ms", "joy",',
        "services.alarm_button.kqis",
        "unknown KQI joy (there are: latency_ms",
    ),
    "an indicator with an unknown KQI": (
        'kqi = "latency_ms"',
        'kqi = "loss_pct"',
        "services.alarm_button.indicators.latency.kqi",
        "unknown KQI loss_pct (its service has: latency_ms, delivery_ratio)",
    ),
    "an indicator of nothing": (
        'kqi = "latency_ms"\n',
        "",
        "services.alarm_button.indicators.latency",
        "either kqi and utility, or model and options",
    ),
    "an indicator of two things": (
        'kqi = "latency_ms"\n',
        'kqi = "latency_ms"\nmodel = "voice_g107"\n',
        "services.alarm_button.indicators.latency",
        "either kqi and utility, or model and options",
    ),
    "a KQI without utility": (
        'utility = { shape = "linear", good = 500, bad = 5000 }',
        "",
        "services.alarm_button.indicators.latency.utility",
        "is missing",
    ),
    "options beside a KQI": (
        'kqi = "latency_ms"\n',
        'kqi = "latency_ms"\noptions = { x = 1 }\n',
        "services.alarm_button.indicators.latency.options",
        "go with model",
    ),
    "a utility beside a model": (
        'kqi = "latency_ms"\n',
        'model = "voice_g107"\n',
        "services.alarm_button.indicators.latency.utility",
        "goes with kqi",
    ),
    "weights that don't add up": (
        "weight = 0.3",
        "weight = 0.2",
        "services.alarm_button.indicators",
        "the weights add up to 0.9, not to 1",
    ),
    "a weight of nothing": (
        "weight = 0.3",
        "weight = 0",
        "services.alarm_button.indicators.latency.weight",
        "greater than 0",
    ),
    "only optional indicators": (
        "weight = 0.7",
        "weight = 0.7\noptional = true",
        "services.alarm_button.indicators",
        "all are optional",
    ),
    "a profile of an unknown service": (
        'service = "alarm_button"',
        'service = "fax"',
        "profiles.0.service",
        "unknown service fax (there are: alarm_button)",
    ),
    "a profile of an unknown kind": ('kind = "thing"', 'kind = "pet"', "profiles.0.kind", "it says 'pet'"),
    "a requirement beyond the scale": ("requirement = 80", "requirement = 101", "profiles.0.requirement", "101"),
    "a requirement without source": ('source = "contract"', 'source = ""', "profiles.0.source", "at least 1"),
    "a profile twice": ('source = "contract"\n', 'source = "contract"\n' + SECOND, "profiles.0", "is there twice"),
    "a service without a general profile": (
        'source = "contract"\n',
        'source = "contract"\nslice = "1-000001"\n',
        "services.alarm_button",
        "has no profile that holds for every slice, plan, device_model and segment",
    ),
    "a floor above the cap": ("version =", "floor = 60\nversion =", "floor", "60 is above the cap, 40"),
    "broken TOML": ("[kqis.latency_ms]", "[kqis.latency_ms", "", "not valid TOML"),
}


@pytest.mark.parametrize(("old", "new", "key", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named(tmp_path, old, new, key, reason):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if reason == "all are optional":
        text = text.replace("weight = 0.3", "weight = 0.3\noptional = true")
    with pytest.raises(ConfigError, match=re.escape(reason)) as caught:
        load(tmp_path, text)
    assert caught.value.key == key
    assert caught.value.file == str(tmp_path / "services.toml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="can't be read"):
        Catalogue.load(tmp_path / "none.toml")
