"""Room two: how unusual each row is by its own habit, calibrated, with what is blind kept apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cemcore.domain import Alarm
from cemcore.panel import Bool, DetectedRows, Float32, Int8, Int32, Int64, QualityRows
from cemcore.pipeline.detection.blindness import blind_domains, silent_places
from cemcore.pipeline.detection.history import Past
from cemcore.pipeline.detection.judging import Judged, judge
from cemcore.pipeline.detection.load import load_of
from cemcore.pipeline.detection.state import SPAN, DetectionState, Settings
from cemcore.pipeline.detection.transform import attempts, transform
from cemcore.topology import Topology

SECOND_LOOK_S = 6 * 3600
"""Records are judged again when the load of their place becomes known within this time."""


@dataclass(frozen=True)
class Detection:
    """What room two says of a tick. rows: per quality row; score float32, the worst z of the row; bad: worse than its
    habit; effect float32: by how many times what a user would notice; failed, failures_expected float32; silent,
    silence: witnessed silent resources and the log evidence of each; blind: by domain; usual int32: resource at which
    each row's subject usually is at this time (-1 not known); past: the rows as remembered; again: earlier records,
    judged anew.
    """

    rows: DetectedRows
    score: Float32
    bad: Bool
    effect: Float32
    failed: Float32
    failures_expected: Float32
    silent: Int32
    silence: Float32
    blind: Bool
    usual: Int32
    past: Past
    again: Judged | None = None


def local_hour(slot: Int64, now: int, hour: int, free: bool) -> Int8:
    """Local hour (+ 24 on free days) of rows at `slot`, when it is `hour` at slot `now`; earlier rows count back from
    there.
    """
    h = np.floor_divide(hour * 3600 + now % 3600 - (now - slot), 3600)
    return (h % 24 + (24 if free else 0)).astype(np.int8)


def detect(
    state: DetectionState,
    settings: Settings,
    rows: QualityRows,
    clock: tuple[int, int, bool],
    keys: tuple[Int32, Int32, Int32],
    domain_of: Int32,
    alarms: tuple[Alarm, ...],
    topology: Topology,
) -> tuple[Detection, DetectionState]:
    """Judge the rows of a tick; nothing is learned here but remembered.

    clock = (slot [s], local hour, free day); keys = (path, made, model) int32 a row.
    """
    slot, hour_now, free = clock
    hour = local_hour(rows.slot, slot, hour_now, free)
    tried, failed = attempts(rows.kqis, rows.sessions, settings.scales)
    x = transform(rows.kqis, settings.scales)
    past = Past(
        rows.slot, rows.subject, rows.service, rows.resource, keys[2], hour, x, tried, failed,
        load_of(state, rows.slot, rows.resource, hour), keys[0], keys[1],
    )  # fmt: skip
    n, resources = len(rows), len(domain_of)
    if state.learned is None:
        nan = np.full(n, np.nan, np.float32)
        no = np.zeros(n, dtype=bool)
        none = Detection(
            DetectedRows(nan, nan, nan, no), nan, no, nan, failed, nan, np.empty(0, np.int32), np.empty(0, np.float32),
            np.zeros(int(domain_of.max(initial=-1)) + 1, dtype=bool), np.full(n, -1, np.int32), past,
        )  # fmt: skip
        return none, replace(state, past=(*state.past, past))
    known = state.learned
    now = (rows.slot == slot) & (rows.resource >= 0)
    counts = np.bincount(rows.resource[now], minlength=resources).astype(np.float64)
    failing = np.bincount(rows.resource[now & (failed > 0)], minlength=resources).astype(np.float64)
    h = hour_now + 24 * free
    blind = blind_domains(known.activity, counts, failing, h, domain_of, alarms, topology)
    silent, silence = silent_places(known.activity, counts, h, blind, domain_of)
    seen = judge(known, settings, past)
    domain = np.where(rows.resource >= 0, domain_of[rows.resource], -1)
    unseen = (domain >= 0) & blind[domain] if len(blind) else np.zeros(n, dtype=bool)
    surprise = np.where(unseen, np.float32(np.nan), seen.surprise)
    subject = np.minimum(rows.subject, len(known.usual) - 1)
    usual = np.where(rows.subject < len(known.usual), known.usual[subject, hour % 24 // 4], -1).astype(np.int32)
    found = Detection(
        DetectedRows(surprise, seen.score, np.full(n, np.nan, np.float32), unseen),
        seen.score,
        seen.bad & ~unseen,
        np.where(unseen, np.float32(np.nan), seen.effect),
        failed,
        seen.failures_expected,
        silent,
        silence,
        blind,
        usual,
        past,
        _second_look(state, settings, slot),
    )
    return found, replace(state, past=(*state.past, past.take(~unseen)), fresh=np.empty((3, 0)))


def _second_look(state: DetectionState, settings: Settings, slot: int) -> Judged | None:
    """Records of the last hours whose place's load became known only now, judged with it; None where there are none."""
    if state.learned is None or not state.fresh.shape[1]:
        return None
    oldest = slot - SECOND_LOOK_S
    when, where = state.fresh[0].astype(np.int64), state.fresh[1].astype(np.int64)
    keys = (when * SPAN + where)[(when >= oldest) & (when < slot)]
    parts = []
    for past in state.past[-SECOND_LOOK_S // 300 :] if len(keys) else ():
        of = np.flatnonzero((past.slot >= oldest) & (past.slot < slot))
        of = of[np.isin(past.slot[of] * SPAN + past.resource[of], keys)]
        if len(of):
            parts.append(past.take(of))
    if not parts:
        return None
    past = Past.concat(parts)
    return judge(state.learned, settings, replace(past, load=load_of(state, past.slot, past.resource, past.hour)))
