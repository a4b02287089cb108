"""What holds for every registered experience model, ours and a stranger's: as its defaults build it, and as the shipped
catalogue uses it."""

import tomllib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from cemcore.catalogue import Catalogue
from cemcore.frames import KQIS
from cemcore.protocols import ExperienceModel

ROOT = Path(__file__).parents[2]
GROUP = "cemcore.experience_models"
CATALOGUE = Catalogue.load(ROOT / "config" / "services.toml")


def registered():
    """Name -> class, by entry point; from a bare checkout, as pyproject.toml declares them."""
    found = {p.name: p.load() for p in entry_points(group=GROUP)}
    if found:
        return found
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][GROUP]
    split = {name: where.split(":") for name, where in declared.items()}
    return {name: getattr(import_module(module), cls) for name, (module, cls) in split.items()}


CLASSES = registered()


def built():
    out = {}
    for name, cls in CLASSES.items():
        try:
            out[name] = cls()
        except TypeError:  # options without default: the catalogue's uses stand for it
            continue
    for request in CATALOGUE.models:
        out[request.key] = CLASSES[request.plugin](**request.options)
    return out


MODELS = built()
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def direction(model, kqi):
    """Which way is better: what the model says it is monotone in (empty: in neither), else what the catalogue says."""
    quantities = getattr(model, "quantities", {})
    return quantities[kqi].better if kqi in quantities else CATALOGUE.kqi(kqi).better


def span(model, kqi):
    """Values of a KQI from its best to its worst, dense near zero, over its range in records or else in the model."""
    column = KQIS[kqi] if kqi in KQIS else model.quantities[kqi]
    rising = np.concatenate([[column.low], column.low + np.geomspace(1e-5, 1, 300) * (column.high - column.low)])
    return rising if direction(model, kqi) == "lower" else rising[::-1]


def records(model, n, seed, missing=0.0):
    rng = np.random.default_rng(seed)
    out = {k: rng.choice(span(model, k), n) for k in model.kqis}
    for values in out.values():
        values[rng.random(n) < missing] = np.nan
    return out


def test_every_registered_model_is_put_to_the_laws():
    used = {r.plugin for r in CATALOGUE.models}
    assert CLASSES
    for name in CLASSES:
        assert name in MODELS or name in used, f"{name} needs options and the shipped catalogue does not use it"


@each_model
def test_it_keeps_the_promise(model):
    assert isinstance(model, ExperienceModel)
    assert model.kqis
    described = getattr(model, "quantities", {})
    assert set(model.kqis) <= set(KQIS) | set(described), "a KQI that records don't carry is described by the model"
    for kqi in set(described) & set(KQIS):
        assert described[kqi].unit == KQIS[kqi].unit
        assert described[kqi].better in ("", CATALOGUE.kqi(kqi).better)


@each_model
def test_scores_stay_between_0_and_100(model):
    got = model.score(records(model, 2000, seed=1))
    assert ((got >= 0) & (got <= 100)).all()


@each_model
def test_nothing_reported_is_unknown(model):
    assert np.isnan(model.score({k: np.full(3, np.nan) for k in model.kqis})).all()


@each_model
def test_with_gaps_a_score_is_unknown_or_between_0_and_100(model):
    got = model.score(records(model, 2000, seed=2, missing=0.5))
    known = got[~np.isnan(got)]
    assert ((known >= 0) & (known <= 100)).all()


@each_model
def test_the_best_values_score_well_and_the_worst_score_badly(model):
    best = {k: span(model, k)[:1] for k in model.kqis}
    worst = {k: span(model, k)[-1:] for k in model.kqis}
    assert model.score(best)[0] > 80
    assert model.score(worst)[0] < 20


@each_model
def test_a_worse_value_never_scores_better(model):
    for seed, kqi in enumerate(model.kqis):
        for trial in range(5):
            some = records(model, 1, seed=10 * seed + trial, missing=0.2)
            worse = span(model, kqi)
            got = model.score({**{k: np.repeat(v, len(worse)) for k, v in some.items()}, kqi: worse})
            known = got[~np.isnan(got)]
            assert len(known) in (0, len(worse)), "whether a score is known depends on what is reported, not on values"
            assert not direction(model, kqi) or (np.diff(known) <= 1e-9).all()


@each_model
def test_many_records_at_once_are_the_same_as_one_by_one(model):
    some = records(model, 200, seed=3, missing=0.3)
    alone = [model.score({k: v[i : i + 1] for k, v in some.items()})[0] for i in range(200)]
    assert np.allclose(model.score(some), alone, rtol=0, atol=1e-9, equal_nan=True)


@each_model
def test_what_it_is_given_stays_as_it_was(model):
    some = records(model, 50, seed=4, missing=0.3)
    before = {k: v.copy() for k, v in some.items()}
    for v in some.values():
        v.flags.writeable = False
    first = model.score(some)
    assert all(np.array_equal(some[k], before[k], equal_nan=True) for k in before)
    assert np.array_equal(first, model.score(some), equal_nan=True)


@each_model
def test_no_records_give_no_scores(model):
    assert model.score({k: np.zeros(0) for k in model.kqis}).shape == (0,)


@each_model
def test_leaving_a_kqi_out_is_the_same_as_having_none_of_it(model):
    some = records(model, 100, seed=5)
    for left_out in model.kqis:
        rest = {k: v for k, v in some.items() if k != left_out}
        if rest:
            want = model.score({**some, left_out: np.full(100, np.nan)})
            assert np.allclose(model.score(rest), want, equal_nan=True)
