"""Combinations that a tick proposes as candidates of room three."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.pipeline.localisation import evidence
from cemcore.pipeline.localisation.attributes.adoption import adopted, leaf_codes, proposed, refreshed, wide
from cemcore.pipeline.localisation.attributes.proposals import Proposal, already, by_leaf, distinct, propose
from cemcore.pipeline.localisation.blocks import Block, tallied
from cemcore.pipeline.localisation.explanations import ATTRIBUTE, COMBINED, KINDS, Explanations, Table
from cemcore.pipeline.localisation.state import LocaliseState
from cemcore.pipeline.localisation.thresholds import Thresholds

SIZES = (12, 8, 5, 4, 6)
SESSION = already((0, 1, 2))


def rows(seed, n=12000):
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(-1 if a == 2 else 0, s, n) for a, s in enumerate(SIZES)]).astype(np.int32)
    return rng, codes, rng.random(n)


def asked(codes, u, **options):
    zero = np.zeros(len(u), np.float32)
    leaves, at = distinct(codes)
    sums = by_leaf(at, evidence.weights((-np.log10(u)).astype(np.float32), zero, zero), len(leaves))
    return propose(leaves, sums, SESSION, **options)


def struck(rng, codes, u, values, share=0.9):
    mine = np.all([codes[:, a] == v for a, v in values], axis=0) & (rng.random(len(u)) < share)
    return np.where(mine, 10 ** -rng.uniform(1.5, 4, len(u)), u)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), fixed=st.sets(st.integers(0, 4), min_size=2, max_size=3))
def test_a_struck_combination_is_proposed_first_and_alone(seed, fixed):
    rng, codes, u = rows(seed)
    values = tuple((a, int(rng.integers(0, SIZES[a]))) for a in sorted(fixed))
    found = asked(codes, struck(rng, codes, u, values))
    if fixed <= {0, 1, 2} and len(fixed) == 2:
        assert not found  # a pair of session attributes is a candidate anyway
    else:
        assert [p.values for p in found] == [values]
        (p,) = found
        assert p.rows == np.all([codes[:, a] == v for a, v in values], axis=0).sum()
        assert p.price > np.log(p.rows) - 5
        assert p.evidence > p.price


def test_healthy_rows_propose_nothing():
    assert sum(len(asked(*rows(seed)[1:])) for seed in range(20)) == 0


def test_a_single_value_is_no_reason_for_its_combinations():
    rng, codes, u = rows(1)
    assert not asked(codes, struck(rng, codes, u, ((0, 3),)))


def test_two_combinations_are_both_proposed_and_no_more_than_asked_for():
    rng, codes, u = rows(2)
    u = struck(rng, codes, u, ((0, 3), (3, 1)), 0.9)
    u = struck(rng, codes, u, ((1, 2), (4, 5)), 0.5)
    assert {p.values for p in asked(codes, u)} == {((0, 3), (3, 1)), ((1, 2), (4, 5))}
    assert len(asked(codes, u, most=1)) == 1


def test_no_rows_propose_nothing():
    none = np.zeros((0, len(SIZES)), np.int32)
    assert propose(none, np.zeros((0, evidence.CHANNELS))) == []


def registry():
    """Three made keys over two attributes, as room three registers them, with room for three values."""
    ids = {(ATTRIBUTE, a, v, -1, -1, -1, -1): 2 * a + v for a in (0, 1) for v in (0, 1)}
    return Explanations(
        kind=np.full(4, ATTRIBUTE, np.int8),
        what=np.array([k[1:] for k in ids], np.int32),
        mades=Table().extended([np.array(x, np.int32) for x in ([0, 2], [0, 3], [1, 2])]),
        soft=np.zeros(4, np.float32),
        ids=ids,
    )


def test_an_adopted_combination_holds_the_keys_that_have_all_its_values():
    known = registry()
    assert leaf_codes(known, 3).tolist() == [[0, 0, -1], [0, 1, -1], [1, 0, -1]]
    new = adopted(known, 2, 0, [Proposal(((0, 0), (1, 1)), 30.0, 5.0, 40, 20)])
    (candidate,) = set(range(len(new))) - set(range(len(known)))
    assert new.kind[candidate] == COMBINED
    assert new.find(ATTRIBUTE, 0, 0) == known.find(ATTRIBUTE, 0, 0)
    row, of = new.mades.expand(np.arange(3, dtype=np.int32))
    assert row[of == candidate].tolist() == [1]
    assert wide(new, 0) == {candidate: ((0, 0), (1, 1))}
    assert len(known) == 4
    assert adopted(new, 2, 0, [Proposal(((0, 0), (1, 1)), 30.0, 5.0, 40, 20)]).ids == new.ids


def test_keys_without_a_value_are_not_taken_for_one():
    known = replace(registry(), mades=Table().extended([np.array([0], np.int32), np.array([], np.int32)]))
    assert leaf_codes(known, 2).tolist() == [[0, -1], [-1, -1]]


def block(known, made, u, owner):
    zero, n = np.zeros(len(u), np.float32), len(u)
    none, empty = np.full(n, -1, np.int32), np.zeros(0, np.int32)
    w = evidence.weights((-np.log10(u)).astype(np.float32), zero, zero)
    return tallied(
        known,
        Block(
            0, 0, none, made.astype(np.int32), none, np.arange(n), w, u < 0.05, zero, np.ones(n, bool), zero, zero,
            none, none, owner, empty, empty, empty, np.zeros(0, np.float32),
            np.zeros((0, evidence.CHANNELS), np.float32), np.zeros((0, evidence.CHANNELS), np.float32),
        ),
    )  # fmt: skip


def made_of(codes):
    """The registry and the made key of each row, for single values alone."""
    ids, lists = {}, []
    leaves, at = distinct(codes)
    for leaf in leaves:
        keys = [(ATTRIBUTE, a, int(v), *(-1,) * 6) for a, v in enumerate(leaf) if v >= 0]
        lists.append(np.array([ids.setdefault(k, len(ids)) for k in keys], np.int32))
    known = Explanations(
        kind=np.full(len(ids), ATTRIBUTE, np.int8),
        what=np.array([k[1:] for k in ids], np.int32),
        mades=Table().extended(lists),
        paths=Table().extended([np.zeros(0, np.int32)]),
        owners=Table().extended([np.zeros(0, np.int32)]),
        soft=np.zeros(len(ids), np.float32),
        ids=ids,
    )
    return known, at


def test_the_rows_of_a_slot_propose_what_then_stands_out_as_a_candidate():
    rng, codes, u = rows(5)
    values = ((0, 2), (3, 1), (4, 4))
    u = struck(rng, codes, u, values)
    known, made = made_of(codes)
    slot = block(known, made, u, np.full(len(u), -1, np.int32))
    (p,) = proposed(known, [slot], len(SIZES), 3)
    assert p.values == values
    new = adopted(known, len(SIZES), 3, [p])
    total = tallied(new, slot).full
    score = evidence.score(total)
    assert int(score.argmax()) == len(known)
    assert total[len(known), evidence.N] == p.rows
    assert not proposed(new, [slot], len(SIZES), 3)


def test_a_room_is_refreshed_once_and_later_keys_join_what_it_adopted():
    rng, codes, u = rows(5)
    values = ((0, 2), (3, 1), (4, 4))
    u = struck(rng, codes, u, values)
    known, made = made_of(codes)
    limits = Thresholds(np.full((KINDS, 1), 10, np.float32), np.zeros((1, len(known)), np.float32))
    room = LocaliseState(known, (block(known, made, u, np.full(len(u), -1, np.int32)),), thresholds=limits)
    after = refreshed(room, len(SIZES), 3)
    assert list(wide(after.known, 3).values()) == [values]
    assert after.thresholds.of(after.known)[0, -1] > 10 + np.log(len(known))
    assert evidence.score(after.blocks[0].full).argmax() == len(known)
    assert refreshed(after, len(SIZES), 3) is after
    singles = [after.known.ids[(ATTRIBUTE, a, v, *(-1,) * 6)] for a, v in (*values, (1, 0))]
    grown = replace(after.known, mades=after.known.mades.extended([np.array(singles, np.int32)]))
    later = refreshed(replace(after, known=grown), len(SIZES), 3).known
    assert len(known) in later.mades.flat[later.mades.start[-2] :]


def test_rows_that_a_problem_owns_propose_nothing():
    rng, codes, u = rows(5)
    values = ((0, 2), (3, 1))
    u = struck(rng, codes, u, values)
    known, made = made_of(codes)
    mine = np.all([codes[:, a] == v for a, v in values], axis=0)
    assert not proposed(known, [block(known, made, u, np.where(mine, 7, -1).astype(np.int32))], len(SIZES), 3)
