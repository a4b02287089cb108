"""Planted faults on drawn graphs are found, whatever the names, the order and the gaps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore import rank_causes
from cemcore.errors import ContractError


def drawn(seed: int, nodes: int = 14, slots: int = 60, late: int = 6, fault: str | None = "latency"):
    """(normal, abnormal, edges, cause, front): a layered graph of calls with waiting, failing, demand and processor.

    A callee's added waiting and failing come back at its callers; a fault adds to one node below the front.
    """
    rng = np.random.default_rng(seed)
    edges = [(int(rng.integers(max(0, i - 5), i)), i) for i in range(1, nodes)]
    edges += [(a, b) for a, b in ((int(rng.integers(0, b)), b) for b in range(4, nodes, 3)) if (a, b) not in edges]
    cause = int(rng.integers(1, nodes))
    total = slots + late
    own = np.exp(rng.normal(0, 0.08, (total, nodes))) * np.exp(rng.normal(-3, 0.5, nodes))
    failing = rng.poisson(0.2, (total, nodes)) / 1000
    cpu = np.exp(rng.normal(0, 0.1, (total, nodes))) * rng.uniform(10, 50, nodes)
    if fault == "latency":
        own[slots:, cause] += 4 * own[:, cause].mean()
    if fault == "failure":
        failing[slots:, cause] += 0.08
    if fault == "processor":
        cpu[slots:, cause] *= 2.5
        own[slots:, cause] *= 1.8
    latency, failed = own.copy(), failing.copy()
    for a, b in sorted(edges, reverse=True):
        latency[:, a] += latency[:, b]
        failed[:, a] = 1 - (1 - failed[:, a]) * (1 - failed[:, b])
    load = np.zeros((total, nodes))
    load[:, 0] = rng.poisson(2000, total)
    for a, b in sorted(edges):
        load[:, b] += load[:, a]
    columns = {
        f"n{i}|{k}": v[:, i]
        for i in range(nodes)
        for k, v in {
            "latency_avg": latency, "success_rate": 100 * (1 - failed), "requests": load, "cpu_percent": cpu
        }.items()
    }  # fmt: skip
    frame = pd.DataFrame(columns)
    names = [(f"n{a}", f"n{b}") for a, b in edges]
    return frame.iloc[:slots], frame.iloc[slots:], names, f"n{cause}"


@pytest.mark.parametrize(("fault", "symptom"), [("latency", "latency_avg"), ("failure", "success_rate")])
def test_the_planted_cause_comes_first(fault, symptom):
    ranks = []
    for seed in range(40):
        normal, abnormal, edges, cause = drawn(seed, fault=fault)
        ranking = rank_causes(normal, abnormal, edges, f"n0|{symptom}")
        ranks.append(ranking.nodes().index(cause) + 1)
    assert np.mean(np.array(ranks) == 1) >= 0.8
    assert np.mean(np.array(ranks) <= 3) >= 0.95


def test_without_graph_and_symptom_what_a_node_uses_up_tells():
    found = []
    for seed in range(40):
        normal, abnormal, _, cause = drawn(seed, fault="processor")
        found.append(rank_causes(normal, abnormal).nodes()[0] == cause)
    assert np.mean(found) >= 0.9


def test_in_peace_no_cause_is_named():
    named = 0
    for seed in range(60):
        normal, abnormal, edges, _ = drawn(seed, fault=None)
        ranking = rank_causes(normal, abnormal, edges)
        named += len(ranking.causes) > 0
        assert ranking.unknown + sum(s.probability for s in ranking) == pytest.approx(1.0)
    assert named <= 3


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_names_and_order_change_nothing(seed):
    normal, abnormal, edges, _ = drawn(seed)
    rng = np.random.default_rng(seed)
    new = dict(zip([f"n{i}" for i in range(14)], rng.permutation([f"X{i:03d}" for i in range(14)]), strict=True))

    def renamed(frame: pd.DataFrame) -> pd.DataFrame:
        out = frame.rename(columns=lambda c: f"{new[c.split('|')[0]]}|{c.split('|')[1]}")
        return out[rng.permutation(out.columns)]

    before = rank_causes(normal, abnormal, edges, "n0|latency_avg")
    other = [(new[a], new[b]) for a, b in rng.permutation(edges)]
    after = rank_causes(renamed(normal), renamed(abnormal), other, f"{new['n0']}|latency_avg")
    was = {new[s.node]: s.log_odds for s in before}
    assert {s.node: s.log_odds for s in after} == pytest.approx(was, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
def test_gaps_never_break_it(seed, share):
    normal, abnormal, edges, _ = drawn(seed)
    rng = np.random.default_rng(seed)
    ranking = rank_causes(
        normal.mask(rng.random(normal.shape) < share), abnormal.mask(rng.random(abnormal.shape) < share), edges
    )
    assert len(ranking) == 14
    assert np.isfinite([s.log_odds for s in ranking]).all()


def test_a_third_of_all_values_may_be_missing():
    ranks = []
    for seed in range(30):
        normal, abnormal, edges, cause = drawn(seed)
        rng = np.random.default_rng(seed)
        normal, abnormal = (x.mask(rng.random(x.shape) < 1 / 3) for x in (normal, abnormal))
        ranks.append(rank_causes(normal, abnormal, edges, "n0|latency_avg").nodes().index(cause) + 1)
    assert np.mean(np.array(ranks) <= 3) >= 0.9


def test_a_constant_series_that_stays_says_nothing_and_one_that_moves_speaks():
    normal, abnormal, edges, _ = drawn(3, fault=None)
    normal, abnormal = normal.copy(), abnormal.copy()
    normal["n5|errors"], abnormal["n5|errors"] = 0.0, 0.0
    normal["n6|errors"], abnormal["n6|errors"] = 0.0, 0.0
    quiet = rank_causes(normal, abnormal, edges)
    assert not quiet.causes
    abnormal["n6|errors"] = 50.0
    loud = rank_causes(normal, abnormal, edges)
    assert loud.nodes()[0] == "n6"
    assert loud.suspects[0].metrics[0][0] == "errors"
    assert "errors 0 -> 50" in loud.suspects[0].explain()


def test_circles_of_calls_are_allowed():
    normal, abnormal, edges, cause = drawn(5)
    ring = [*edges, *[(b, a) for a, b in edges]]
    assert len(rank_causes(normal, abnormal, ring, "n0|latency_avg")) == 14
    assert cause in rank_causes(normal, abnormal, ring, "n0|latency_avg").nodes()[:3]


def test_pairs_as_columns_are_the_same_as_texts():
    normal, abnormal, edges, _ = drawn(7)
    as_pairs = [x.set_axis([tuple(c.split("|")) for c in x.columns], axis=1) for x in (normal, abnormal)]
    texts = rank_causes(normal, abnormal, edges, "n0|latency_avg")
    assert rank_causes(*as_pairs, edges, ("n0", "latency_avg")) == texts


def test_what_cannot_be_read_is_refused():
    normal, abnormal, edges, _ = drawn(1)
    with pytest.raises(ContractError, match="form node"):
        rank_causes(
            normal.rename(columns=lambda c: c.replace("|", "/")), abnormal.rename(columns=lambda c: c.replace("|", "/"))
        )
    with pytest.raises(ContractError, match="target"):
        rank_causes(normal, abnormal, edges, "n0|no_such")
    assert len(rank_causes(pd.DataFrame(), pd.DataFrame())) == 0
