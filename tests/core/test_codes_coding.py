"""A coding is a dictionary of texts to dense integers that only grows."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.codes import Codes

texts = st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["C1", "C2", "c1", " C1", "", "nan", "None"]))
deliveries = st.lists(st.lists(texts, max_size=8), max_size=6)


class Twin:
    """The same as a plain dictionary."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def add(self, wanted: list[str | None]) -> list[int]:
        return [-1 if t is None else self.codes.setdefault(t, len(self.codes)) for t in wanted]

    def find(self, wanted: list[str | None]) -> list[int]:
        return [-1 if t is None else self.codes.get(t, -1) for t in wanted]


@given(deliveries)
@settings(max_examples=80, deadline=None)
def test_codes_are_those_of_a_plain_dictionary(parts):
    codes, twin = Codes(), Twin()
    for part in parts:
        assert codes.find(part).tolist() == twin.find(part)
        assert codes.add(part).tolist() == twin.add(part)
    assert codes.texts == list(twin.codes)
    assert len(codes) == len(twin.codes)


@given(deliveries)
@settings(max_examples=50, deadline=None)
def test_codes_are_dense_and_never_change_once_given(parts):
    codes = Codes()
    given_out: dict[str, int] = {}
    for part in parts:
        for text, code in zip(part, codes.add(part).tolist(), strict=True):
            if text is not None:
                assert given_out.setdefault(text, code) == code
        assert sorted(given_out.values()) == list(range(len(codes)))
        assert all(codes.text(code) == text for text, code in given_out.items())


@given(deliveries)
@settings(max_examples=50, deadline=None)
def test_a_coding_made_of_its_own_texts_is_the_same_coding(parts):
    codes = Codes()
    for part in parts:
        codes.add(part)
    again = Codes(codes.texts)
    assert again.texts == codes.texts
    for part in parts:
        assert again.find(part).tolist() == codes.find(part).tolist()


def test_finding_gives_no_new_code():
    codes = Codes(["C1"])
    assert codes.find(["C2", "C1", None]).tolist() == [-1, 0, -1]
    assert len(codes) == 1


def test_categories_and_text_columns_have_the_same_codes():
    plain = pd.Series(["b", "a", None, "b"], dtype="str")
    assert Codes().add(plain).tolist() == Codes().add(plain.astype("category")).tolist() == [0, 1, -1, 0]


def test_minus_one_stands_for_no_text():
    assert Codes(["C1"]).text(-1) is None


def test_a_text_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="each text once"):
        Codes(["C1", "C1"])
