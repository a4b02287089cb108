"""Requirements by service, kind, slice, plan, model and segment: the narrowest holds, essential ones are floors."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.catalogue import NARROWING, Profile
from cemcore.codes import Codes
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Population
from cemcore.pipeline.profiles import profiles_of

CODES = {
    "slice": Codes(["A", "B"]),
    "plan": Codes(["A", "B"]),
    "device_model": Codes(["A", "B"]),
    "segment": Codes(["A", "B"]),
}
IN_POPULATION = ("slice", "plan", "device_model")


def profile(requirement, kind="user", essential=False, **where):
    return Profile(
        service="web", kind=kind, requirement=requirement, source="t", version="t", essential=essential, **where
    )


def held(ground, more, row):
    """The profile of one web record of a user with these attributes."""
    catalogue = ground.catalogue.model_copy(update={"profiles": (*ground.catalogue.profiles, *more)})
    rows = ground.rows(("web", 0, {"startup_s": 1.0}))
    codes = [[CODES[n].find([row.get(n, "?")])[0] for n in IN_POPULATION]]
    people = ground.people((0,), IN_POPULATION, codes)
    segment = np.array(CODES["segment"].find([row.get("segment", "?")]), np.int32)
    people = replace(people, segment=segment)
    return catalogue.profiles[profiles_of(rows, catalogue, people, CODES)[0]]


def twin(profiles, row):
    """The rule in plain words, for one record."""
    fit = [p for p in profiles if p.service == "web" and p.kind == "user"]
    fit = [p for p in fit if all(row.get(n) == t for n, t in p.narrowed.items())]
    order = {n: i for i, n in enumerate(NARROWING)}

    def narrow(p):
        return len(p.narrowed), [-order[n] for n in p.narrowed]

    best = max(fit, key=narrow)
    firm = [p for p in fit if p.essential]
    if firm and max(firm, key=narrow).requirement >= best.requirement:
        return max(firm, key=narrow)
    return best


WHERE = [dict.fromkeys(names, "A") for k in range(1, 5) for names in combinations(NARROWING, k)]


def test_what_names_more_wins_and_of_equally_many_the_earlier_name(ground):
    everything = [profile(10 + i, **w) for i, w in enumerate(WHERE)]
    row = dict.fromkeys(NARROWING, "A")
    assert held(ground, everything, row).narrowed == row
    two = [p for p in everything if len(p.narrowed) == 2]
    assert list(held(ground, two, row).narrowed) == ["slice", "plan"]
    one = [p for p in everything if len(p.narrowed) == 1]
    for gone in range(4):
        assert list(held(ground, one[gone:], row).narrowed) == [NARROWING[gone]]


def test_an_essential_requirement_holds_where_a_narrower_one_is_lower(ground):
    floor, lower, higher = (
        profile(85, essential=True, plan="A"),
        profile(50, plan="A", slice="A"),
        profile(95, slice="B", plan="A"),
    )
    assert held(ground, [floor, lower], {"plan": "A", "slice": "A"}).requirement == 85
    assert held(ground, [floor, lower], {"plan": "A", "slice": "A"}).essential
    assert held(ground, [floor, higher], {"plan": "A", "slice": "B"}).requirement == 95
    assert held(ground, [floor, lower], {"slice": "A"}).requirement == 70


def test_a_narrower_essential_profile_may_lower_a_wider_essential_one(ground):
    wide, narrow = profile(85, essential=True, plan="A"), profile(60, essential=True, plan="A", segment="A")
    assert held(ground, [wide, narrow], {"plan": "A", "segment": "A"}).requirement == 60
    assert held(ground, [wide, narrow], {"plan": "A", "segment": "B"}).requirement == 85


@settings(max_examples=150, deadline=None)
@given(
    picked=st.lists(
        st.tuples(st.sampled_from(WHERE), st.integers(0, 100), st.booleans()),
        max_size=6,
        unique_by=lambda x: tuple(x[0]),
    ),
    row=st.fixed_dictionaries({}, optional=dict.fromkeys(NARROWING, st.sampled_from("AB"))),
)
def test_any_set_of_profiles_gives_what_the_rule_says(ground, picked, row):
    more = [profile(r, essential=e, **w) for w, r, e in picked]
    assert held(ground, more, row) == twin([*ground.catalogue.profiles, *more], row)


def test_the_model_seen_in_the_session_goes_before_that_of_the_inventory(ground):
    more = [profile(90, device_model="A")]
    catalogue = ground.catalogue.model_copy(update={"profiles": (*ground.catalogue.profiles, *more)})
    rows = ground.rows(("web", 0, {"startup_s": 1.0}), ("web", 0, {"startup_s": 1.0}))
    rows.attributes[:, ATTRIBUTES.index("device_model")] = [1, -1]
    people: Population = ground.people((0,), ("device_model",), [[0]])
    got = [catalogue.profiles[p].requirement for p in profiles_of(rows, catalogue, people, CODES)]
    assert got == [70, 90]


def test_who_is_in_no_segment_meets_no_profile_of_one(ground):
    assert held(ground, [profile(90, segment="A")], {}).requirement == pytest.approx(70)
