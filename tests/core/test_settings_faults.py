"""Every setting that can't be is refused with its file, its key and the reason in plain words."""

from pathlib import Path

import pytest

from cemcore.errors import ConfigError
from cemcore.settings import Settings


def refused(folder: Path, text: str, **more) -> ConfigError:
    file = folder / "cem.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as e:
        Settings.load(file, **more)
    return e.value


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("[asses]\nsettle_minutes = 3", "asses", "unknown key"),
        ("[assess]\nsettle_minute = 3", "assess.settle_minute", "unknown key"),
        ("file = 'other.toml'", "file", "unknown key"),
        ("operator = 5", "operator", "wants a table"),
        ("[operator]\nname = 5", "operator.name", "wants text"),
        ("[operator]\ntimezone = 'Mars/Olympus'", "operator.timezone", "no such time zone: Mars/Olympus"),
        ("[operator]\ntimezone = 'Europe'", "operator.timezone", "no such time zone: Europe"),
        ("[operator]\ntimezone = '../../etc/passwd'", "operator.timezone", "no such time zone"),
        ("[operator]\nslot_minutes = 7", "operator.slot_minutes", "a slot must divide the hour"),
        ("[operator]\nslot_minutes = 0", "operator.slot_minutes", "must be at least 1, not 0"),
        ("[operator]\nslot_minutes = 120", "operator.slot_minutes", "must be at most 60, not 120"),
        ("[operator]\nslot_minutes = 'quarter'", "operator.slot_minutes", "wants a whole number"),
        ("[operator]\nholidays = '2026-12-25'", "operator.holidays", "wants a list"),
        ("[operator]\nholidays = ['25.12.2026']", "operator.holidays.0", "wants a day such as 2026-12-25"),
        ("[operator]\nlearn_until = 'Sunday'", "operator.learn_until", "wants a time such as"),
        ("[operator]\nlearn_until = 2026-11-08T00:00:00", "operator.learn_until", "needs a time zone"),
        ("[operator]\nlearn_days = -1", "operator.learn_days", "must be at least 0, not -1"),
        ("[assess]\nfalse_alarm_budget = 0", "assess.false_alarm_budget", "must be more than 0, not 0"),
        ("[assess]\nfalse_alarm_budget = nan", "assess.false_alarm_budget", "wants a finite number"),
        ("[assess]\nfalse_alarm_budget = 'few'", "assess.false_alarm_budget", "wants a number"),
        ("[assess]\nsmall_group = 1", "assess.small_group", "must be at least 2, not 1"),
        ("[assess]\nload_kpis = 'util_pct'", "assess.load_kpis", "wants a list"),
        ("[storage]\ncommit_slots = 0", "storage.commit_slots", "must be at least 1, not 0"),
        ("[storage.retention_days]\nqualty = 60", "storage.retention_days", "nothing called qualty is kept"),
        ("[storage.retention_days]\nquality = 0", "storage.retention_days", "quality: at least one day"),
        ("[joining]\naliases = []", "joining.aliases", "wants a table"),
        ("[api]\nport = 70000", "api.port", "must be at most 65535, not 70000"),
        ("[api]\nhost = '0.0.0.0'", "api.token", "listening beyond loopback needs a token"),
        ("[[sources]]\nname = 'a'", "sources.0.collector", "is missing"),
        ("[[sources]]\nname = ''\ncollector = 'pm_xml'", "sources.0.name", "must not be empty"),
        ("[[sources]]\nname = 'a'\ncollector = 'pm_xml'\nevery_s = 0", "sources.0.every_s", "must be more than 0"),
        ("[[sources]]\nname = 'a'\ncollector = 'pm_xml'\nevery_s = inf", "sources.0.every_s", "wants a finite number"),
        ("[sources]\nname = 'a'", "sources", "wants a list"),
        ("[api]\ntoken = 'env:CEM_NO_SUCH'", "api.token", "the environment variable CEM_NO_SUCH is not set"),
        ("borrow = 'operator.json'", "borrow", "wants a table with file, keys and words"),
        ("[borrow]\nkeys = {}", "borrow", "wants file, keys and words; not without file"),
        ("[borrow]\nfile = 'o.json'\nkey = {}", "borrow", "wants file, keys and words; not ['key']"),
        ("[borrow]\nfile = 'o.json'\nkeys = 3", "borrow.keys", "wants a table"),
    ],
)
def test_a_setting_that_cannot_be_names_file_key_and_reason(tmp_path, text, key, reason):
    e = refused(tmp_path, text)
    assert e.file == str(tmp_path / "cem.toml")
    assert e.key == key
    assert reason in e.reason
    assert str(e).startswith(f"{e.file}: {key}: ")


def test_a_name_given_to_two_sources_is_named(tmp_path):
    e = refused(tmp_path, "[[sources]]\nname = 'pm'\ncollector = 'pm_xml'\n" * 2)
    assert (e.key, e.reason) == ("sources", "each needs its own name; twice: pm")


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigError, match=r"no such file \(`cem init DIR` writes a commented one\)"):
        Settings.load(tmp_path / "cem.toml")


def test_a_folder_is_no_settings_file(tmp_path):
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        Settings.load(tmp_path)


@pytest.mark.parametrize("content", [b"[assess", b"a = 1\na = 2", b"name = '\xff'"])
def test_what_is_not_toml_says_so(tmp_path, content):
    (tmp_path / "cem.toml").write_bytes(content)
    with pytest.raises(ConfigError, match="not valid TOML"):
        Settings.load(tmp_path / "cem.toml")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file, but cem.toml takes the operator's facts from it"),
        ("{", "not valid JSON"),
        ("[]", "wants a JSON object"),
    ],
)
def test_a_document_to_borrow_from_is_named_when_it_cannot_be_used(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "o.json").write_text(content)
    e = refused(tmp_path, "[borrow]\nfile = 'o.json'")
    assert e.file == str(tmp_path / "o.json")
    assert reason in e.reason


def test_a_borrowed_value_is_checked_like_any_other(tmp_path):
    (tmp_path / "o.json").write_text('{"tz": "Nowhere/At_All"}')
    e = refused(tmp_path, "[borrow]\nfile = 'o.json'\nkeys = {'operator.timezone' = 'tz'}")
    assert (e.key, e.reason.split(":")[0]) == ("operator.timezone", "no such time zone")


def test_a_fault_in_the_environment_is_not_blamed_on_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM__ASSESS__SETTLE_MINUTES", "soon")
    e = refused(tmp_path, "")
    assert (e.file, e.key, e.reason) == ("environment", "assess.settle_minutes", "wants a number")


def test_a_list_in_the_environment_must_be_json(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM__OPERATOR__HOLIDAYS", "[2026-12-25")
    e = refused(tmp_path, "")
    assert (e.file, e.key) == ("environment", "CEM__OPERATOR__HOLIDAYS")
    assert "not valid JSON" in e.reason


def test_a_value_given_where_no_table_is_says_so(tmp_path):
    e = refused(tmp_path, "operator = 5", overrides={"operator.name": "N"})
    assert (e.key, e.reason) == ("operator.name", "operator is no table")


def test_a_secret_is_never_part_of_a_refusal(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LEDGER", "postgresql://cem:hunter2@db/cem")
    e = refused(tmp_path, "[storage]\nledger = 'env:CEM_LEDGER'\nsnapshot_slots = 0")
    assert "hunter2" not in str(e)
