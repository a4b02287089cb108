"""Settings: TOML read into one frozen tree. Unknown keys are refused with file and key.

Order: an argument given by the caller > environment (`CEM__SECTION__KEY`) > file > default. Secrets stand as
`env:NAME`.

"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cemcore.domain import Feed
from cemcore.errors import ConfigError

_KEPT = (*(str(f) for f in Feed), "scores", "degradations", "attribution", "memberships", "quarantine", "unjoined")
"""What the archive holds, and retention may name."""


class Section(BaseModel):
    """Base of every table: frozen, and strict about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Operator(Section):
    """Who and where: `file` and `keys` let these values come from a JSON document that the operator keeps elsewhere."""

    name: str = "operator"
    timezone: str = "UTC"
    holidays: tuple[date, ...] = ()
    slot_minutes: int = Field(15, ge=1, le=60)
    learn_days: float = Field(7, ge=0, le=60)
    learn_until: datetime | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as e:
            raise ValueError(f"no such time zone: {value} (an IANA name such as Europe/Berlin is wanted)") from e
        return value

    @field_validator("slot_minutes")
    @classmethod
    def _divides_the_hour(cls, value: int) -> int:
        if 60 % value:
            raise ValueError("a slot must divide the hour: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60 minutes")
        return value

    @field_validator("learn_until")
    @classmethod
    def _has_a_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"needs a time zone: {value.isoformat()}Z for UTC")
        return value

    @property
    def slot_seconds(self) -> int:
        """Length of a slot [s]."""
        return self.slot_minutes * 60


class Storage(Section):
    """Where the many (archive) and the few (ledger) are kept; relative paths start at the settings file."""

    archive: str = "var/archive"
    ledger: str = "sqlite:///var/ledger.db"
    retention_days: Mapping[str, int] = {}
    snapshot_slots: int = Field(96, ge=1)
    commit_slots: int = Field(96, ge=1)

    @field_validator("retention_days")
    @classmethod
    def _known_feeds(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        for feed, days in value.items():
            if feed not in _KEPT:
                raise ValueError(f"nothing called {feed} is kept (there are: {', '.join(_KEPT)})")
            if days < 1:
                raise ValueError(f"{feed}: at least one day; leave it out to keep everything")
        return value


class Assess(Section):
    """How slots settle and what may be reported. `false_alarm_budget` is the one knob: false problems a day.

    `false_discovery` is the share of degradations told that may be chance.
    """

    settle_minutes: float = Field(5, ge=0, le=60)
    horizon_hours: float = Field(48, ge=0, le=24 * 14)
    false_alarm_budget: float = Field(0.1, gt=0, le=100)
    false_discovery: float = Field(0.05, gt=0, le=0.5)
    small_group: int = Field(5, ge=2)
    load_kpis: tuple[str, ...] = ("RRU.PrbTotDl", "util_pct")
    vital_kpis: tuple[str, ...] = ("*",)
    catalogue: str = "services.toml"
    detector: str = "seasonal"


class Coverage(Section):
    """Which part of the network each feed is delivered for as one: a column of the resources, or empty for none."""

    quality: str = ""
    measurements: str = ""
    alarms: str = ""


class Joining(Section):
    """How names in measurements and alarms find their resource."""

    aliases: Mapping[str, str] = {}


class Zoom(Section):
    """The second look at what tier 1 found: how often, at how much, by whom. `level` is the chance of calling a usual
    window abnormal.
    """

    enabled: bool = True
    requests_per_day: int = Field(200, ge=0)
    series_per_run: int = Field(8, ge=1, le=1000)
    rows_per_request: int = Field(10_000, ge=1)
    history_days: float = Field(14, ge=3, le=366)
    expiry_minutes: float = Field(60, gt=0)
    level: float = Field(0.01, gt=0, lt=0.5)
    examiners: tuple[str, ...] = ("stl", "statespace", "multivariate")


class Warn(Section):
    """Early warning: how far ahead, from how much history, how sure. `false_share` bounds what is warned of in vain."""

    horizon_days: float = Field(14, gt=0, le=366)
    history_days: float = Field(28, ge=7, le=366)
    interval: float = Field(0.8, gt=0, lt=1)
    false_share: float = Field(0.05, gt=0, lt=1)
    load_limit: float = Field(85, gt=0)


class Engine(Section):
    """Where rooms one and two run over partitions of subjects, and how far a slot is walked.

    kind: inline (this process) or dask. rooms: "all" walks the whole corridor, rooms one and two of it over
    `partitions` partitions, the others in this process; "first" walks rooms one and two only, and opens no problem
    unless `problems` says so: then the centre weighs what the partitions tell of bad rows (of a surprise of
    `told` or more), and sums of the others.
    workers: threads of the inline engine, processes of a local Dask cluster; address: of a Dask scheduler that runs
    already. delta_slots: what changed in the state is kept every so many slots. scores: keep every row's score; else
    degradations only.
    """

    kind: Literal["inline", "dask"] = "inline"
    rooms: Literal["all", "first"] = "all"
    partitions: int = Field(1, ge=1, le=4096)
    workers: int = Field(1, ge=1, le=1024)
    address: str = ""
    delta_slots: int = Field(4, ge=1)
    scores: bool = True
    problems: bool = False
    told: float = Field(1.3, ge=0.5, le=6)


class Api(Section):
    """The REST door; beyond loopback it needs a `token` (`env:NAME`)."""

    host: str = "127.0.0.1"
    port: int = Field(8377, ge=0, le=65535)
    token: str = ""


class Source(Section):
    """One configured source: a collector plug-in, its cadence and its options."""

    name: str = Field(min_length=1)
    collector: str = Field(min_length=1)
    every_s: float = Field(60, gt=0)
    options: Mapping[str, Any] = {}


class Settings(Section):
    """Everything that `cem` is told."""

    operator: Operator = Operator()
    storage: Storage = Storage()
    assess: Assess = Assess()
    coverage: Coverage = Coverage()
    joining: Joining = Joining()
    zoom: Zoom = Zoom()
    warn: Warn = Warn()
    engine: Engine = Engine()
    api: Api = Api()
    sources: tuple[Source, ...] = ()
    file: Path = Path("cem.toml")
    root: Path = Path(".")

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [s.name for s in self.sources]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"sources: each needs its own name; twice: {', '.join(twice)}")
        if self.api.host not in ("127.0.0.1", "localhost", "::1") and not self.api.token:
            raise ValueError("api.token: listening beyond loopback needs a token (env:NAME)")
        return self

    @classmethod
    def load(
        cls, file: str | Path, *, root: Path | None = None, overrides: Mapping[str, Any] | None = None
    ) -> Settings:
        """Read `file`; ConfigError with file, key and reason when it can't be used.

        `root` is where relative paths of sources start (default: the file's folder); `overrides` are dotted keys
        given by the caller.

        """
        path = Path(file)
        tree = _read_toml(path)
        base = root or path.parent
        tree = _borrow(tree, base, path)
        for key in ("file", "root"):
            if key in tree:
                raise ConfigError(str(path), key, "unknown key")
        environment = _from_environment(os.environ)
        for key, value in {**environment, **(overrides or {})}.items():
            _put(tree, key.split("."), value, path)
        tree["file"], tree["root"] = path, base
        try:
            return cls.model_validate(_resolve_secrets(tree, path))
        except ValidationError as e:
            key, reason = _plain(e.errors()[0])
            by_caller = any(f"{key}.".startswith(f"{k}.") for k in overrides or {})
            by_environment = any(f"{key}.".startswith(f"{k}.") for k in environment) and not by_caller
            raise ConfigError("environment" if by_environment else str(path), key, reason) from e

    def path(self, name: str) -> Path:
        """`name` as a path, relative ones from the settings' root."""
        return self.root / name

    @property
    def ledger_url(self) -> str:
        """The ledger's URL, with a relative SQLite path made absolute from the root."""
        prefix = "sqlite:///"
        url = self.storage.ledger
        if url.startswith(prefix) and not url.startswith("sqlite:////"):
            return prefix + str(self.path(url.removeprefix(prefix)).absolute())
        return url

    def learning_ends(self, first_slot: int) -> int:
        """Until when [s] to learn only, for data that begins at `first_slot` [s]."""
        if self.operator.learn_until is not None:
            return int(self.operator.learn_until.astimezone(UTC).timestamp())
        return first_slot + int(timedelta(days=self.operator.learn_days).total_seconds())


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(str(path), "", "no such file (`cem init DIR` writes a commented one)") from None
    except OSError as e:
        raise ConfigError(str(path), "", f"can't be read: {e.strerror}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigError(str(path), "", f"not valid TOML: {e}") from e


def _borrow(tree: dict[str, Any], root: Path, path: Path) -> dict[str, Any]:
    """Fill in what `[borrow]` says is kept in a JSON document: `key = "dotted.path"`, with `words` translating
    phrases.
    """
    borrow = tree.pop("borrow", None)
    if borrow is None:
        return tree
    if not isinstance(borrow, dict):
        raise ConfigError(str(path), "borrow", "wants a table with file, keys and words")
    unknown = set(borrow) - {"file", "keys", "words"}
    if unknown or "file" not in borrow:
        raise ConfigError(str(path), "borrow", f"wants file, keys and words; not {sorted(unknown) or 'without file'}")
    for part in ("keys", "words"):
        if not isinstance(borrow.get(part, {}), dict):
            raise ConfigError(str(path), f"borrow.{part}", "wants a table")
    document = _read_json(root / str(borrow["file"]), path)
    words = dict(borrow.get("words", {}))
    for key, where in dict(borrow.get("keys", {})).items():
        value: Any = document
        for part in str(where).split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            _put(tree, key.split("."), words.get(value, value) if isinstance(value, str) else value, path)
    return tree


def _read_json(source: Path, path: Path) -> dict[str, Any]:
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            str(source), "", f"no such file, but {path.name} takes the operator's facts from it"
        ) from None
    except OSError as e:
        raise ConfigError(str(source), "", f"can't be read: {e.strerror}") from e
    except ValueError as e:
        raise ConfigError(str(source), "", f"not valid JSON: {e}") from e
    if not isinstance(document, dict):
        raise ConfigError(str(source), "", "wants a JSON object")
    return document


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """`CEM__ASSESS__SETTLE_MINUTES=3` as `{"assess.settle_minutes": "3"}`; lists stand as JSON."""
    out: dict[str, Any] = {}
    for name, text in sorted(environment.items()):
        if name.startswith("CEM__"):
            value: Any = text
            if text.startswith(("[", "{")):
                try:
                    value = json.loads(text)
                except ValueError as e:
                    raise ConfigError("environment", name, f"not valid JSON: {e}") from e
            out[".".join(name.removeprefix("CEM__").lower().split("__"))] = value
    return out


def _put(tree: dict[str, Any], keys: list[str], value: Any, path: Path) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise ConfigError(str(path), ".".join(keys), f"{key} is no table")
    tree[keys[-1]] = value


def _resolve_secrets(value: Any, path: Path, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _resolve_secrets(v, path, f"{key}.{k}" if key else str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolve_secrets(v, path, f"{key}.{n}") for n, v in enumerate(value)]
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise ConfigError(str(path), key, f"the environment variable {name} is not set")
        return os.environ[name]
    return value


_WANTED = {
    "model": "a table",
    "dict": "a table",
    "mapping": "a table",
    "tuple": "a list",
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "string": "text",
    "date": "a day such as 2026-12-25",
    "datetime": "a time such as 2026-12-25T00:00:00Z",
}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _plain(error: Any) -> tuple[str, str]:
    """(key, reason in plain words) of a pydantic error."""
    key, kind = ".".join(str(p) for p in error["loc"]), str(error["type"])
    if kind == "extra_forbidden":
        return key, "unknown key"
    if kind == "missing":
        return key, "is missing"
    if kind == "string_too_short":
        return key, "must not be empty"
    if kind == "value_error":
        reason = str(error["msg"]).removeprefix("Value error, ")
        if not key:
            key, _, reason = reason.partition(": ")
        return key, reason
    for bound, words in _BOUNDS.items():
        if bound in error.get("ctx", {}):
            return key, f"must be {words} {error['ctx'][bound]:g}, not {error['input']}"
    wanted = _WANTED.get("datetime" if key.endswith("_until") else kind.split("_")[0])
    return key, f"wants {wanted}" if wanted else str(error["msg"])


def shipped(name: str) -> Path:
    """A file of the configuration that comes with cemcore (`cem.toml`, `services.toml`, `operator-files/cem.toml`)."""
    return Path(__file__).resolve().parents[1] / "config" / name
