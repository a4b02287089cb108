"""What a run of ticks found, into archive and ledger: files first, then one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cemcore.application import degradations, versions
from cemcore.application.house import House
from cemcore.application.queries import AT_RISK
from cemcore.application.stages import Stopwatch
from cemcore.domain import Alarm, Impact, ProblemStatus, ServiceProblem, State
from cemcore.panel import Int16, Int32
from cemcore.pipeline import zooming
from cemcore.pipeline.result import SlotResult
from cemcore.pipeline.route import SlotInputs
from cemcore.report.rank import standing
from cemcore.storage import StoredFile, Tick

SETTLED = (ProblemStatus.RESOLVED, ProblemStatus.REJECTED)
"""Statuses that an operator gave and that the corridor does not take back."""


BLIND = "blind:"
"""Begins the tallies of a tick that name the coverage domains it was blind in."""


@dataclass(frozen=True)
class _Step:
    inputs: SlotInputs
    result: SlotResult
    alarms: list[Alarm]


class Committer:
    """Holds the results of ticks until they are committed together."""

    def __init__(self, house: House, watch: Stopwatch | None = None) -> None:
        self._house, self._watch = house, watch or Stopwatch()
        self._steps: list[_Step] = []
        self._changed: dict[str, None] = {}

    def add(self, inputs: SlotInputs, result: SlotResult, alarms: list[Alarm]) -> None:
        """Take in the result of one tick."""
        self._steps.append(_Step(inputs, result, alarms))

    def changed(self) -> tuple[str, ...]:
        """Problems that something new was committed about, in the order of their first change."""
        return tuple(self._changed)

    def told(self) -> tuple[list[StoredFile], list[tuple[ServiceProblem, Impact | None]]]:
        """Files and revisions of everything held, written but not registered: for a transaction of the caller's own."""
        revisions, numbers = self._revisions()
        first, last = self._steps[0].inputs.slot, self._steps[-1].inputs.slot
        return self._write(f"{first}-{last}", numbers), revisions

    def commit(self, state: Mapping[str, NDArray[Any]] | None) -> None:
        """Write and register everything held; with `state`, as a snapshot to restart from."""
        if not self._steps:
            return
        archive, ledger = self._house.archive, self._house.ledger
        first, last = self._steps[0].inputs.slot, self._steps[-1].inputs.slot
        revisions, numbers = self._revisions()
        files = self._write(f"{first}-{last}", numbers)
        snapshot = None
        if state is not None:
            arrays = {**state, versions.SHAPE: versions.shape(self._house.catalogue)}
            snapshot = archive.write_state(f"route-{last}", arrays, last)
        now = int(self._house.clock().timestamp())
        with ledger.begin() as tx:
            for step in self._steps:
                slot = step.inputs.slot
                counts = {**step.result.counts, **self._blind(step)}
                if not tx.tick(Tick(slot, step.inputs.known_at, now, step.inputs.learning, counts)):
                    continue
                for alarm in step.alarms:
                    tx.put_alarm(alarm)
            for file in files:
                tx.register_file(file)
            for problem, impact in revisions:
                tx.put_problem(problem, impact)
                self._changed[problem.problem_id] = None
            for name, first_code, texts in self._house.registry.pending():
                tx.add_codes(name, first_code, texts)
            if snapshot is not None:
                tx.put_snapshot(last, snapshot.path)
            tx.set_watermark("slot", last)
            tx.set_watermark("known_at", self._steps[-1].inputs.known_at)
        self._house.registry.committed()
        self._timed()
        self._steps = []

    def _timed(self) -> None:
        """How long slots and degraded records waited for this commit."""
        now = self._house.clock().timestamp()
        waits = [now - s.inputs.rows.recorded[s.result.degraded] for s in self._steps]
        ends = [now - s.inputs.slot - s.inputs.seconds for s in self._steps]
        self._watch.committed(ends, np.concatenate(waits).astype(np.float64))

    def _blind(self, step: _Step) -> dict[str, int]:
        """The coverage domains that were blind, as tallies `blind:<domain>`."""
        if not step.result.blind.any():
            return {}
        domains = self._house.worlds.at(step.inputs.known_at).domains
        return {f"{BLIND}{domains[d]}": 1 for d in np.flatnonzero(step.result.blind)}

    def _write(self, name: str, numbers: list[dict[str, int]]) -> list[StoredFile]:
        texts = _Texts(self._house, self._steps[-1].result.problem_ids)
        frames = {
            "scores": [self._scores(s, texts) for s in self._steps if len(s.inputs.rows)],
            "degradations": [p for s in self._steps for p in self._degradations(s, texts) if len(p)],
            "attribution": [
                self._attribution(s, texts, n)
                for s, n in zip(self._steps, numbers, strict=True)
                if len(s.result.attribution)
            ],
            "memberships": [self._memberships(s, texts) for s in self._steps if len(s.result.memberships)],
        }
        written = [
            self._house.archive.write(feed, name, pd.concat(parts, ignore_index=True))
            for feed, parts in frames.items()
            if parts
        ]
        catalogue = versions.keep(self._house) if frames["scores"] else None
        return written if catalogue is None else [*written, catalogue]

    def _scores(self, step: _Step, texts: _Texts) -> pd.DataFrame:
        rows, scored, found = step.inputs.rows, step.result.scored, step.result.detected
        unknown = np.isnan(scored.score) | found.blind
        degraded = step.result.degraded | scored.below
        state = np.where(unknown, 2, np.where(degraded, 1, 0))
        columns: dict[str, object] = {
            "slot": rows.slot,
            "recorded_at": np.full(len(rows), step.inputs.known_at),
            "service": texts.service(rows.service),
            "subject_id": texts.of("subject", rows.subject),
            "resource_id": texts.of("resource", rows.resource),
            "sessions": rows.sessions,
            "score": scored.score,
            "requirement": scored.requirement,
            "coverage": scored.coverage,
            "profile": texts.profile(scored.profile),
            "profile_version": texts.profile_version(scored.profile),
            "catalogue": pd.Categorical.from_codes(np.zeros(len(rows), np.int8), [texts.stamp]),
            "surprise": found.surprise,
            "z": found.z,
            "habit_surprise": step.result.habit.surprise,
            "habit_z": step.result.habit.z,
            "habit_expected": found.expected,
            "state": pd.Categorical.from_codes(state, [str(State.GOOD), str(State.DEGRADED), str(State.UNKNOWN)]),
            "problem_id": texts.problem(np.where(state == 1, step.result.row_problem, -1)),
        }
        for k, kqi in enumerate(self._house.catalogue.kqis):
            columns[f"cost_{kqi}"] = scored.contributors[:, k]
        return pd.DataFrame(columns)

    def _degradations(self, step: _Step, texts: _Texts) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What was abnormal: one slot of one (service, subject) a row; and what the watches told."""
        of = step.result.degraded
        rows, found = step.inputs.rows.take(of), step.result.detected.take(of)
        subjects = pd.DataFrame(
            {
                "slot": rows.slot,
                "recorded_at": np.full(len(rows), step.inputs.known_at),
                "service": texts.service(rows.service).astype("str"),
                "level": pd.array([degradations.SUBJECT] * len(rows), dtype="str"),
                "key": texts.of("subject", rows.subject).astype("str"),
                "depth": step.result.scored.depth[of],
                "surprise": found.surprise,
                "z": found.z,
                "what": pd.array(["worse"] * len(rows), dtype="str"),
                "begin": pd.to_datetime(rows.slot, unit="s", utc=True),
                "end": pd.to_datetime(rows.slot + step.inputs.seconds, unit="s", utc=True),
            }
        )
        told = degradations.frame(self._house, step.result.findings, step.inputs.slot, step.inputs.known_at)
        return subjects, told

    def _attribution(self, step: _Step, texts: _Texts, numbers: dict[str, int]) -> pd.DataFrame:
        a, ids = step.result.attribution, step.result.problem_ids
        revisions = np.array([*(numbers.get(i, 0) for i in ids), 0], np.int32)
        return pd.DataFrame(
            {
                "slot": a.slot,
                "recorded_at": np.full(len(a), step.inputs.known_at),
                "tick": np.full(len(a), step.inputs.slot),
                "problem_id": texts.problem(a.problem),
                "revision": revisions[a.problem],
                "service": texts.service(a.service),
                "subject_id": texts.of("subject", a.subject),
                "bad_minutes": a.bad_minutes,
                "depth": a.depth,
            }
        )

    def _memberships(self, step: _Step, texts: _Texts) -> pd.DataFrame:
        m = step.result.memberships
        return pd.DataFrame(
            {
                "slot": np.full(len(m), step.inputs.slot),
                "recorded_at": np.full(len(m), step.inputs.known_at),
                "problem_id": texts.problem(m.problem),
                "service": texts.service(m.service),
                "subject_id": texts.of("subject", m.subject),
                "state": pd.Categorical.from_codes(m.state, [str(State.DEGRADED), str(State.UNKNOWN), AT_RISK]),
                "posterior": m.posterior,
                "bad_rows": m.bad,
                "total_rows": m.total,
            }
        )

    def _revisions(self) -> tuple[list[tuple[ServiceProblem, Impact | None]], list[dict[str, int]]]:
        """(revisions of this run, numbered on from the ledger's; revision of each problem after each step).

        What operators said of a problem stays said.
        """
        latest: dict[str, ServiceProblem] = {}
        out, after = [], []
        for step in self._steps:
            for problem in step.result.problems:
                before = latest.get(problem.problem_id) or self._house.ledger.problem(problem.problem_id)
                numbered = (
                    problem if before is None else replace(problem, status=_status(before.status, problem.status))
                )
                numbered = replace(numbered, revision=1 if before is None else before.revision + 1)
                numbered = numbered if before is None else zooming.carried(before, numbered)
                impact = step.result.impacts.get(problem.problem_id)
                held = () if before is None else before.standing
                numbered = replace(numbered, standing=held if impact is None else standing(held, impact.total))
                latest[problem.problem_id] = numbered
                out.append((numbered, impact))
            for name in {step.result.problem_ids[p] for p in np.unique(step.result.attribution.problem) if p >= 0}:
                if name not in latest and (before := self._house.ledger.problem(name)) is not None:
                    latest[name] = before
            after.append({name: p.revision for name, p in latest.items()})
        return out, after


def _status(before: ProblemStatus, now: ProblemStatus) -> ProblemStatus:
    if before in SETTLED:
        return before
    if before is ProblemStatus.ACKNOWLEDGED and now is ProblemStatus.IN_PROGRESS:
        return before
    return now


class _Texts:
    """Codes back to texts, as categories: the archive's files hold each text once."""

    def __init__(self, house: House, problem_ids: tuple[str, ...]) -> None:
        self._house, self._problems = house, pd.Index(list(problem_ids), dtype="str")
        self._lists: dict[str, pd.Index] = {}
        self.stamp = versions.stamp(house.catalogue)

    def of(self, coding: str, codes: Int32) -> pd.Categorical:
        if coding not in self._lists:
            self._lists[coding] = pd.Index(self._house.registry.codes(coding).texts, dtype="str")
        return pd.Categorical.from_codes(codes, self._lists[coding])

    def service(self, codes: Int32) -> pd.Categorical:
        return pd.Categorical.from_codes(codes, list(self._house.catalogue.services))

    def profile(self, codes: Int16) -> pd.Categorical:
        return pd.Categorical.from_codes(codes, [p.name for p in self._house.catalogue.profiles])

    def profile_version(self, codes: Int16) -> pd.Categorical:
        of, versions_of = pd.factorize(np.array([p.version for p in self._house.catalogue.profiles], dtype=object))
        return pd.Categorical.from_codes(np.append(of, -1)[codes], versions_of)

    def problem(self, codes: Int32) -> pd.Categorical:
        """Ids only ever grow: those of the last step mean the same in every earlier one."""
        return pd.Categorical.from_codes(codes, self._problems)


def moment(seconds: int) -> datetime:
    """Whole seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
