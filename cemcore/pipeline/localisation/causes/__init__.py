"""From candidates to ranked causes: evidence as log-odds with a line each, weights stated or learned, ties said."""

from collections.abc import Sequence

from cemcore.domain import Cause
from cemcore.pipeline.localisation.blocks import Block
from cemcore.pipeline.localisation.causes.alarming import alarm_bonus
from cemcore.pipeline.localisation.causes.heard import Folded
from cemcore.pipeline.localisation.causes.ranking import Ranking, rank
from cemcore.pipeline.localisation.causes.revising import brief, why
from cemcore.pipeline.localisation.causes.scene import Scene, Unwell, name
from cemcore.pipeline.localisation.causes.weights import KINDS, PRIORS, STATED, Prior, Weights
from cemcore.pipeline.localisation.explanations import Explanations
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.membership import Members

__all__ = [
    "KINDS", "PRIORS", "STATED", "Folded", "Prior", "Ranking", "Scene", "Unwell", "Weights", "alarm_bonus", "brief",
    "causes", "name", "rank", "why",
]  # fmt: skip


def causes(
    known: Explanations,
    names: Sequence[str],
    p: Live,
    members: Members,
    scene: Scene,
    crowded: Sequence[int],
    log: Sequence[Block] = (),
) -> tuple[Cause, ...]:
    """The ranked causes of a problem, best first; see `rank`."""
    return rank(known, names, log, p, int(members.affected.sum()), scene, crowded).causes
