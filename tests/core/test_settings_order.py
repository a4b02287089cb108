"""Where a value comes from: what the caller says before the environment before the file before the default."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from cemcore.settings import Operator, Settings


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "cem.toml"
    path.write_text("[assess]\nsettle_minutes = 7\n[operator]\nname = 'From file'\n")
    return path


def test_without_a_file_value_the_default_holds(file):
    assert Settings.load(file).assess.horizon_hours == 48


def test_the_file_beats_the_default(file):
    assert Settings.load(file).assess.settle_minutes == 7


def test_the_environment_beats_the_file(file, monkeypatch):
    monkeypatch.setenv("CEM__ASSESS__SETTLE_MINUTES", "3")
    assert Settings.load(file).assess.settle_minutes == 3


def test_the_caller_beats_the_environment(file, monkeypatch):
    monkeypatch.setenv("CEM__ASSESS__SETTLE_MINUTES", "3")
    assert Settings.load(file, overrides={"assess.settle_minutes": 1}).assess.settle_minutes == 1


def test_lists_and_tables_come_from_the_environment_as_json(file, monkeypatch):
    monkeypatch.setenv("CEM__OPERATOR__HOLIDAYS", '["2026-12-25"]')
    monkeypatch.setenv("CEM__SOURCES", '[{"name": "pm", "collector": "pm_xml", "options": {"path": "in"}}]')
    settings = Settings.load(file)
    assert settings.operator.holidays == (date(2026, 12, 25),)
    assert settings.sources[0].options == {"path": "in"}


def test_a_borrowed_value_beats_the_file_and_a_missing_one_leaves_it(tmp_path):
    (tmp_path / "o.json").write_text('{"who": {"name": "Acme"}, "cover": "region of the cell"}')
    (tmp_path / "cem.toml").write_text(
        "[operator]\nname = 'x'\ntimezone = 'Europe/Rome'\n[borrow]\nfile = 'o.json'\n"
        "[borrow.keys]\n'operator.name' = 'who.name'\n'operator.timezone' = 'who.zone'\n'coverage.quality' = 'cover'\n"
        "[borrow.words]\n'region of the cell' = 'region'\n"
    )
    settings = Settings.load(tmp_path / "cem.toml")
    assert settings.operator.name == "Acme"
    assert settings.operator.timezone == "Europe/Rome"
    assert settings.coverage.quality == "region"


def test_secrets_are_taken_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_TOKEN", "s3cret")
    (tmp_path / "cem.toml").write_text("[api]\nhost = '0.0.0.0'\ntoken = 'env:CEM_TOKEN'")
    assert Settings.load(tmp_path / "cem.toml").api.token == "s3cret"


def test_relative_paths_start_at_the_settings_file_and_absolute_ones_stay(file, tmp_path):
    settings = Settings.load(file)
    assert settings.path("incoming/pm") == tmp_path / "incoming/pm"
    assert settings.path("/srv/pm") == Path("/srv/pm")
    assert settings.ledger_url == f"sqlite:///{tmp_path}/var/ledger.db"


@pytest.mark.parametrize("url", ["postgresql://cem@db/cem", "sqlite:////srv/ledger.db"])
def test_a_ledger_url_that_is_whole_stays_as_it_is(file, url):
    assert Settings.load(file, overrides={"storage.ledger": url}).ledger_url == url


def test_learning_ends_so_many_days_after_the_first_slot_or_when_it_is_told():
    first = datetime(2026, 3, 2, tzinfo=UTC)
    at = int(first.timestamp())
    assert Settings(operator=Operator(learn_days=2)).learning_ends(at) == at + 2 * 86_400
    told = datetime.fromisoformat("2026-03-09T00:00:00+01:00")
    assert Settings(operator=Operator(learn_until=told)).learning_ends(at) == int(told.timestamp())


def test_settings_cannot_be_changed_once_they_are_read(file):
    settings = Settings.load(file)
    with pytest.raises(ValidationError):
        settings.assess.settle_minutes = 1


@pytest.mark.parametrize("name", ["cem.toml", "operator-files/cem.toml"])
def test_the_files_that_are_shipped_load(name, tmp_path):
    (tmp_path / "operator.json").write_text("{}")
    shipped = Path(__file__).resolve().parents[2] / "config" / name
    assert len(Settings.load(shipped, root=tmp_path).sources) >= 9
