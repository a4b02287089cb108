"""Weights learned from verdicts: the truth of simulated ones is found, a few move little, none move nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.optimize import minimize

from cemcore.domain import Cause, Evidence, ServiceProblem
from cemcore.pipeline.localisation.causes import KINDS, PRIORS, STATED, why
from cemcore.pipeline.localisation.causes.learning import Case, case, learn

MIDDLE = np.array([p.value for p in PRIORS])
SPREAD = np.array([p.spread for p in PRIORS])
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def simulated(truth: np.ndarray, n: int, seed: int = 0) -> list[Case]:
    """Settled problems whose true candidates are drawn by the conditional logit of these weights."""
    rng, out = np.random.default_rng(seed), []
    for _ in range(n):
        amounts = rng.uniform(-1, 1, (5, len(KINDS)))
        amounts[:-1, KINDS.index("unknown")] = 0
        amounts[-1] = 0
        amounts[-1, KINDS.index("unknown")] = 1
        mass = np.exp(amounts @ truth)
        out.append(Case(amounts, int(rng.choice(5, p=mass / mass.sum()))))
    return out


def test_without_verdicts_the_weights_are_the_stated_ones() -> None:
    weights, lines = learn([])
    assert weights == STATED
    for line, prior in zip(lines, PRIORS, strict=True):
        assert line.value == prior.value
        assert line.high - line.value == pytest.approx(1.96 * prior.spread, rel=1e-3)
        assert line.problems == 0


def test_three_verdicts_even_of_an_upside_down_world_move_little() -> None:
    for seed in range(5):
        weights, _ = learn(simulated(MIDDLE[::-1].copy(), 3, seed))
        moved = np.array([weights.of(k) for k in KINDS]) - MIDDLE
        assert (np.abs(moved) <= 2.5 * SPREAD).all()
        assert np.mean(np.abs(moved) / SPREAD) < 0.75


def test_many_verdicts_find_the_true_weights_within_their_intervals() -> None:
    truth = MIDDLE + 1.5 * SPREAD * np.where(np.arange(len(KINDS)) % 2, 1, -1)
    _, lines = learn(simulated(truth, 3000))
    found = np.array([x.value for x in lines])
    inside = [x.low <= t <= x.high for x, t in zip(lines, truth, strict=True)]
    assert sum(inside) >= len(KINDS) - 1
    assert np.abs(found - truth).max() < 0.5
    assert np.abs(found - truth).mean() < 0.5 * np.abs(MIDDLE - truth).mean()


def test_the_mode_is_that_of_a_general_optimiser() -> None:
    cases = simulated(MIDDLE + SPREAD, 60, seed=3)

    def cost(w: np.ndarray) -> float:
        out = 0.5 * float((((w - MIDDLE) / SPREAD) ** 2).sum())
        for c in cases:
            odds = c.amounts @ w
            out -= float(odds[c.truth] - np.logaddexp.reduce(odds))
        return out

    slow = minimize(cost, MIDDLE, method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose([x.value for x in learn(cases)[1]], slow.x, atol=1e-4)


def test_the_same_verdicts_give_the_same_weights_to_the_bit() -> None:
    cases = simulated(MIDDLE, 40)
    assert learn(cases)[0] == learn(list(cases))[0]


def problem() -> ServiceProblem:
    link = Cause("resource", "LINK-7", tied_with=("GNB-1",), evidence=(Evidence("records", "", 8.0, "", 8.0),))
    alarmed = (Evidence("records", "", 7.0, "", 7.0), Evidence("alarm", "", 2.55, "ALM-1", 0.85))
    agg = Cause("resource", "AGG-3", evidence=alarmed)
    both = Cause("attribute", attributes=(("app", "Cinestra"), ("device_model", "LumeBox")), evidence=alarmed[:1])
    return ServiceProblem("P-1", 1, NOON, NOON, NOON, None, (link, agg, both), ("web",), 0.6)


@pytest.mark.parametrize(
    ("said", "truth"),
    [("AGG-3", 1), ("GNB-1", 0), ("device_model=LumeBox, app=Cinestra", 2), ("POWER-4", 3), ("", 3)],
)
def test_a_verdict_names_a_candidate_a_tied_one_or_none_of_them(said: str, truth: int) -> None:
    found = case(problem(), said)
    assert found is not None
    assert found.truth == truth
    assert found.amounts[1, KINDS.index("alarm")] == 0.85
    assert found.amounts[-1].sum() == found.amounts[-1, KINDS.index("unknown")] == 1


def test_a_problem_without_amounts_teaches_nothing() -> None:
    bare = tuple(replace(c, evidence=tuple(replace(e, amount=0.0) for e in c.evidence)) for c in problem().causes)
    assert case(replace(problem(), causes=bare), "AGG-3") is None
    assert case(replace(problem(), causes=()), "AGG-3") is None


def test_why_names_the_work_that_became_known_and_what_was_lost() -> None:
    old = problem().causes
    line = Evidence("planned_work", "", 4.0, "CHG-4", 1.0)
    agg = replace(old[1], label="planned_work", work_id="CHG-4", evidence=(*old[1].evidence, line))
    assert why(old, (agg, old[0])) == "cause changed: from LINK-7 to AGG-3, as work CHG-4 on AGG-3 became known"
    silent = replace(old[0], evidence=(*old[0].evidence, Evidence("no_alarm", "", -0.6, "", 0.9)))
    assert why(old, (old[1], silent)) == "cause changed: from LINK-7 to AGG-3, as no alarm came on LINK-7"
    assert why((old[1],), (replace(agg, evidence=old[1].evidence),)).endswith("AGG-3 is put down to work CHG-4")
