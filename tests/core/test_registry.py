"""The registry: a text keeps its number for good, whatever happens in between."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.errors import StorageError
from cemcore.storage import Ledger, Registry


def commit(registry: Registry, ledger: Ledger) -> None:
    with ledger.begin() as t:
        for name, first, texts in registry.pending():
            t.add_codes(name, first, texts)
    registry.committed()


def test_codes_are_dense_and_last_beyond_the_process(ledger: Ledger) -> None:
    registry = Registry.load(ledger)
    assert registry.codes("subject").add(["b", "a", "b"]).tolist() == [0, 1, 0]
    assert registry.codes("attribute:app").add(["x"]).tolist() == [0]
    commit(registry, ledger)
    again = Registry.load(ledger)
    assert again.codes("subject").add(["c", "a", None]).tolist() == [2, 1, -1]
    assert again.pending() == [("subject", 2, ["c"])]


def test_what_was_not_committed_stays_pending(ledger: Ledger) -> None:
    registry = Registry.load(ledger)
    registry.codes("subject").add(["a"])

    def fail() -> None:
        with ledger.begin() as t:
            for name, first, texts in registry.pending():
                t.add_codes(name, first, texts)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    registry.codes("subject").add(["b"])
    assert registry.pending() == [("subject", 0, ["a", "b"])]
    commit(registry, ledger)
    assert registry.pending() == []
    assert ledger.codes() == {"subject": ["a", "b"]}


def test_a_text_that_came_between_offer_and_commit_is_offered_next(ledger: Ledger) -> None:
    registry = Registry.load(ledger)
    registry.codes("subject").add(["a"])
    offered = registry.pending()
    registry.codes("subject").add(["b"])
    with ledger.begin() as t:
        for name, first, texts in offered:
            t.add_codes(name, first, texts)
    registry.committed()
    assert registry.pending() == [("subject", 1, ["b"])]


def test_two_who_give_the_same_number_to_two_texts_are_told(ledger: Ledger) -> None:
    one, two = Registry.load(ledger), Registry.load(ledger)
    one.codes("subject").add(["a"])
    two.codes("subject").add(["b"])
    commit(one, ledger)
    with pytest.raises(StorageError, match="other texts"):
        commit(two, ledger)
    assert ledger.codes() == {"subject": ["a"]}


STEP = st.tuples(st.sampled_from(["x", "y"]), st.lists(st.text(max_size=3), max_size=5), st.booleans())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["x", "y"]), st.lists(st.text(max_size=3), max_size=5), st.booleans()), max_size=6
    )
)
def test_any_course_of_additions_and_restarts_numbers_by_first_appearance(
    tmp_path_factory: pytest.TempPathFactory, course: list[tuple[str, list[str], bool]]
) -> None:
    seen: dict[str, list[str]] = {}
    with Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('registry')}/ledger.db") as ledger:
        registry = Registry.load(ledger)
        for name, texts, restart in course:
            order = seen.setdefault(name, [])
            order += [t for t in dict.fromkeys(texts) if t not in order]
            assert registry.codes(name).add(texts).tolist() == [order.index(t) for t in texts]
            commit(registry, ledger)
            if restart:
                registry = Registry.load(ledger)
        assert ledger.codes() == {name: texts for name, texts in seen.items() if texts}
