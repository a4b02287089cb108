"""Room four, assess: who is hit by each problem and how badly; pure functions on arrays."""

from cemcore.pipeline.impact.attribution import attribute, came_after_all, joined, with_rest, withdrawn
from cemcore.pipeline.impact.counting import Counted
from cemcore.pipeline.impact.exposure import Exposure, carriers, exposure
from cemcore.pipeline.impact.lenses import SMALL_GROUPS, UNDECLARED, Lens, by_pair, by_service, by_subject, through
from cemcore.pipeline.impact.rows import (
    AFFECTED,
    AT_RISK,
    NO_PROBLEM,
    UNKNOWN,
    Attribution,
    Members,
    Missing,
    Pairs,
    Tally,
    absorbed,
)
from cemcore.pipeline.impact.totals import Names, Prediction, assess, impact_of, totals

__all__ = [
    "AFFECTED",
    "AT_RISK",
    "NO_PROBLEM",
    "SMALL_GROUPS",
    "UNDECLARED",
    "UNKNOWN",
    "Attribution",
    "Counted",
    "Exposure",
    "Lens",
    "Members",
    "Missing",
    "Names",
    "Pairs",
    "Prediction",
    "Tally",
    "absorbed",
    "assess",
    "attribute",
    "by_pair",
    "by_service",
    "by_subject",
    "came_after_all",
    "carriers",
    "exposure",
    "impact_of",
    "joined",
    "through",
    "totals",
    "with_rest",
    "withdrawn",
]
