from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cemcore import Cem
from cemcore.domain import Window
from tests.route.whole.conftest import ends
from tests.route.whole.contents import contents, differences


def test_collecting_and_assessing_again_changes_nothing(copy_of: Path, opened: Callable[[Path], Cem]) -> None:
    cem = opened(copy_of)
    before = contents(cem)

    taken, done = cem.collect(), cem.assess()

    assert sum(t.batches for t in taken) == 0
    assert done.slots == 0
    assert differences(before, contents(cem)) == []


def test_a_replay_makes_the_revisions_that_live_made_and_writes_nothing(
    operator: Path, copy_of: Path, opened: Callable[[Path], Cem]
) -> None:
    cem = opened(copy_of)
    window = Window(ends(operator) - timedelta(days=1.5), ends(operator))
    before = contents(cem)

    again = cem.replay(window)

    live = [r for p in cem.house.ledger.problems() for r in cem.house.ledger.revisions(p.problem_id)]
    told = {(r.problem_id, r.change, r.causes[0].name) for r in live if _slot(cem, r.known_at) >= window.start}
    assert told
    assert set(zip(again["problem_id"], again["change"], again["cause"], strict=True)) == told
    assert differences(before, contents(cem)) == []


def test_an_assessment_in_pieces_is_the_assessment_in_one(
    operator: Path, assessed: Path, tmp_path: Path, opened: Callable[[Path], Cem]
) -> None:
    end = ends(operator)
    for back in (timedelta(days=1.3), timedelta(hours=13), timedelta(hours=4, minutes=17), timedelta()):
        piece = opened(tmp_path / "pieces")
        piece.collect()
        piece.assess(until=end - back)
        piece.close()

    assert differences(contents(opened(assessed)), contents(opened(tmp_path / "pieces"))) == []


def _slot(cem: Cem, known_at: object) -> object:
    settings = cem.house.settings
    wait = timedelta(minutes=settings.operator.slot_minutes + settings.assess.settle_minutes)
    return known_at - wait  # type: ignore[operator]
