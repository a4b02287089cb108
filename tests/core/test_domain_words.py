"""The small words keep what they promise."""

from datetime import UTC, datetime, timedelta

import pytest

from cemcore.domain import INVENTORY, Cause, Feed, Severity, Window
from cemcore.errors import CareError, CollectError, ConfigError, ContractError, PluginError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_window_wants_time_zones_and_an_end_after_its_start():
    with pytest.raises(ValueError, match="time zone"):
        Window(NOON, NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match=r"ends .* before it starts"):
        Window(NOON, NOON - timedelta(seconds=1))
    assert Window(NOON, NOON).start == NOON


def test_a_window_until_now_begins_before_everything():
    assert Window.until(NOON).start.timestamp() == 0


def test_severities_are_ranked_as_x733_orders_them():
    worst_first = ["critical", "major", "minor", "warning", "indeterminate", "cleared"]
    assert sorted(Severity, key=lambda s: -s.rank) == [Severity(s) for s in worst_first]
    assert Severity.CLEARED.rank == 0


@pytest.mark.parametrize(
    ("cause", "name"),
    [
        (Cause("resource", "SR-1"), "SR-1"),
        (Cause("attribute", attributes=(("firmware", "P10"), ("slice", "1-000001"))), "firmware=P10, slice=1-000001"),
        (Cause("unknown", label="unknown"), "unknown"),
    ],
)
def test_a_cause_is_called_as_people_call_it(cause, name):
    assert cause.name == name


def test_inventory_feeds_are_feeds_of_things_that_stay():
    assert Feed.QUALITY not in INVENTORY
    assert set(INVENTORY) < set(Feed)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigError("cem.toml", "api.port", "wants a whole number"), "cem.toml: api.port: wants a whole number"),
        (ConfigError("cem.toml", "", "no such file"), "cem.toml: no such file"),
        (PluginError("x", "no such collector", ("a", "b")), "x: no such collector (there are: a, b)"),
        (CollectError("pm", "no such folder: in"), "pm: no such folder: in"),
        (ContractError("quality", "slot", "is absent"), "quality.slot: is absent"),
        (CareError("no such address", permanent=True), "no such address"),
    ],
)
def test_an_error_reads_as_one_line_and_carries_plain_values(error, text):
    assert str(error) == text
    assert all(isinstance(v, (str, bool, tuple)) for v in vars(error).values())


def test_a_source_that_could_not_be_read_is_asked_again_unless_told_otherwise():
    assert CollectError("pm", "timeout").transient
    assert not CollectError("pm", "gone", transient=False).transient
