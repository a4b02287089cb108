"""A row tried by hand: what a service's score would be, and what each KQI would cost. Needs a catalogue, no archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cemcore.application.house import build_models
from cemcore.application.versions import plugin_versions, stamp
from cemcore.catalogue import NARROWING, Catalogue, extra_columns, kqi_values, model_key
from cemcore.codes import Codes
from cemcore.errors import ConfigError, NotFoundError
from cemcore.frames import ATTRIBUTES, KQIS, Column
from cemcore.panel import Float64, Population, QualityRows, ScoredRows
from cemcore.pipeline import profiles, rollup, scoring
from cemcore.protocols import ExperienceModel

KINDS = {"user": 0, "thing": 1}
_SESSIONS = Column("sessions", "number", "sessions attempted", unit="1", low=0)


@dataclass(frozen=True)
class Trial:
    """Scored rows of one service; `says` holds what each indicator says of each row, 0-100."""

    catalogue: Catalogue
    service: str
    rows: QualityRows
    scored: ScoredRows
    says: Mapping[str, Float64]

    def frame(self) -> pd.DataFrame:
        """A row each: the service's KQIs, score, coverage, requirement, below, profile, profile_version, what each
        indicator says (`says_`), what each KQI cost (`cost_`), catalogue and models with their versions.
        """
        kqis = [(k, self.catalogue.kqis.index(k)) for k in self.catalogue.service(self.service).kqis]
        held = [self.catalogue.profiles[p] for p in self.scored.profile]
        return pd.DataFrame(
            {
                **{k: self.rows.kqis[:, j].astype(np.float64) for k, j in kqis},
                "score": self.scored.score.astype(np.float64),
                "coverage": self.scored.coverage.astype(np.float64),
                "requirement": self.scored.requirement.astype(np.float64),
                "below": self.scored.below,
                "profile": [p.name for p in held],
                "profile_version": [p.version for p in held],
                **{f"says_{i}": values for i, values in self.says.items()},
                **{f"cost_{k}": self.scored.contributors[:, j].astype(np.float64) for k, j in kqis},
                "service_version": self.catalogue.service(self.service).version,
                "catalogue": stamp(self.catalogue),
                "models": ", ".join(plugin_versions(self.catalogue)),
            }
        )

    def lines(self, row: int) -> tuple[str, ...]:
        """One row in words, as `cem explain score` has it."""
        return scoring.explain_row(self.rows, self.scored, self.catalogue, row)


def trial(catalogue: Catalogue, service: str, given: Any) -> Trial:
    """Score rows made by hand (a mapping, several, or a frame): columns are KQIs of the service, counters, sessions,
    `kind` (user or thing), and slice, plan, device_model, segment as texts.

    NotFoundError for an unknown service; ConfigError for a column that is none, or a value out of its bounds.
    """
    if service not in catalogue.services:
        raise NotFoundError(f"no service {service}; there are {', '.join(catalogue.services)}")
    models = build_models(catalogue)
    scoring.check(catalogue, models)
    rollup.check(catalogue, models)
    frame = _frame(given)
    frame.columns = frame.columns.astype("str")
    numbers = {n: _column(catalogue, service, frame, n) for n in frame if n not in (*NARROWING, "kind")}
    rows, people, codes = _made(catalogue, service, frame, numbers)
    scored = scoring.score(rows, catalogue, models, people, codes)
    return Trial(catalogue, service, rows, scored, _says(catalogue, service, models, rows))


def _frame(given: Any) -> pd.DataFrame:
    if isinstance(given, pd.DataFrame):
        return given.reset_index(drop=True)
    return pd.DataFrame([given] if isinstance(given, Mapping) else list(given)).reset_index(drop=True)


def _column(catalogue: Catalogue, service: str, frame: pd.DataFrame, name: str) -> Float64:
    """A column of numbers within its bounds; NaN where a row lacks it."""
    own = {c.name: c for c in extra_columns(catalogue)}
    there = {**{k: KQIS.get(k) or own.get(k) for k in catalogue.service(service).kqis}, **own, "sessions": _SESSIONS}
    column = there.get(name)
    if name in there and column is None:
        raise ConfigError("row", name, "comes by formula; give the columns that it reads")
    if column is None:
        wanted = ", ".join([*(n for n, c in there.items() if c is not None), "kind", *NARROWING])
        raise ConfigError("row", name, f"{service} has no such column (there are: {wanted})")
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    bad = np.isnan(values) & frame[name].notna().to_numpy()
    if bad.any():
        raise ConfigError("row", name, f"{frame[name][bad].iloc[0]!r} is no number")
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    beyond = (values < low) | (values > high)
    if beyond.any():
        raise ConfigError("row", name, f"{values[beyond][0]:g} {column.unit} is not within {low:g} .. {high:g}")
    return values


def _made(
    catalogue: Catalogue, service: str, frame: pd.DataFrame, numbers: Mapping[str, Float64]
) -> tuple[QualityRows, Population, dict[str, Codes]]:
    """Rows, a subject each, and the codings of the texts in them."""
    n = len(frame)
    codes = profiles.codings(lambda _: Codes())
    texts = {c: codes[c].add(frame[c].astype("str") if c in frame else [""] * n) for c in NARROWING}
    said = frame["kind"].fillna("user") if "kind" in frame else pd.Series("user", index=frame.index)
    kind = said.map(KINDS)
    if kind.isna().any():
        raise ConfigError("row", "kind", f"{said[kind.isna()].iloc[0]!r} is neither user nor thing")
    none, zero = np.full(n, -1, np.int32), np.zeros(n, np.int64)
    absent = np.full(n, np.nan)
    rows = QualityRows(
        slot=zero,
        subject=np.arange(n, dtype=np.int32),
        service=np.full(n, catalogue.services.index(service), np.int32),
        resource=none,
        kqis=kqi_values(catalogue, lambda name: numbers.get(name, absent)),
        sessions=numbers.get("sessions", np.ones(n)).astype(np.float32),
        attributes=np.full((n, len(ATTRIBUTES)), -1, np.int32),
        recorded=zero,
    )
    pair = np.full((n, len(catalogue.services)), -1, np.int32)
    narrow = ("slice", "plan", "device_model")
    people = Population(
        kind.to_numpy(np.int8), none, none, none, np.column_stack([texts[c] for c in narrow]), narrow, pair, pair,
        texts["segment"],
    )  # fmt: skip
    return rows, people, codes


def _says(
    catalogue: Catalogue, service: str, models: Mapping[str, ExperienceModel], rows: QualityRows
) -> dict[str, Float64]:
    values: dict[str, Float64] = {k: rows.kqis[:, j].astype(np.float64) for j, k in enumerate(catalogue.kqis)}
    asked = {i: models[model_key(service, i)] for i in catalogue.service(service).indicators}
    return {i: m.score({k: values[k] for k in m.kqis}) for i, m in asked.items()}


def row_of(text: str) -> dict[str, Any]:
    """`latency_ms=80,loss_pct=1.5` as a row; ConfigError where it is none."""
    out: dict[str, Any] = {}
    for part in (p.strip() for p in text.split(",") if p.strip()):
        name, sign, value = (x.strip() for x in part.partition("="))
        if not sign or not name or not value:
            raise ConfigError("row", part, "wants column=value, several with commas between them")
        if name in out:
            raise ConfigError("row", name, "is there twice")
        out[name] = value
    if not out:
        raise ConfigError("row", text, "is empty")
    return out


def score_over(
    catalogue: Catalogue, service: str, kqi: str, values: Sequence[float], fixed: Mapping[str, object]
) -> pd.DataFrame:
    """`Trial.frame` of rows that differ in one column: how a score answers to it."""
    return trial(catalogue, service, [{**fixed, kqi: v} for v in values]).frame()
