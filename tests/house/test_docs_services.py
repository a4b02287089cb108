"""The examples in docs/services.md work as they stand there, added to the shipped catalogue."""

import re
from pathlib import Path

import pytest

from cemcore.application.trial import row_of, trial
from cemcore.catalogue import Catalogue
from cemcore.settings import shipped

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "services.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


PROFILE = """
[[profiles]]
service = "{}"
kind = "user"
requirement = 70
version = "t"
source = "test"
"""


def added(block):
    """The shipped catalogue with a block more; services that the block requires nothing of get a profile."""
    required = re.findall(r'^service = "(\w+)"', block, re.MULTILINE)
    services = re.findall(r"^\[services\.(\w+)\]", block, re.MULTILINE)
    block += "".join(PROFILE.format(s) for s in services if s not in required)
    return Catalogue.parse(f"{shipped('services.toml').read_text(encoding='utf-8')}\n{block}", "services.md")


@pytest.mark.parametrize("block", BLOCKS, ids=[re.findall(r"\[.*\]", b)[0] for b in BLOCKS])
def test_an_example_is_understood(block):
    shipped_services = Catalogue.load(shipped("services.toml")).services
    assert added(block).services[: len(shipped_services)] == shipped_services


def test_the_trial_of_the_page_scores():
    (service, row) = re.findall(r"cem explain score (\w+) --row (\S+) --catalogue", PAGE)[0]
    (block,) = [b for b in BLOCKS if f"[services.{service}]" in b]
    (line,) = trial(added(block), service, row_of(row)).frame().to_dict("records")
    assert 0 < line["score"] < 100
    assert line["profile"] == "alarm_button/thing"


@pytest.mark.parametrize(
    ("formula", "unit"), [("latency_ms + loss_pct", "%"), ("packets_lost / packets_sent", "%")], ids=["kinds", "factor"]
)
def test_the_refusals_of_the_page_are_what_is_said(formula, unit):
    (block,) = [b for b in BLOCKS if "uplink_loss_pct" in b]
    with pytest.raises(Exception, match="uplink_loss_pct") as caught:
        added(re.sub(r'formula = ".*"', f'formula = "{formula}"', block))
    assert str(caught.value).partition(": ")[2] in PAGE
