"""Room four, assess: who is hit by each problem and how badly; pure functions on arrays."""

from cemcore.pipeline.impact.attribution import attribute
from cemcore.pipeline.impact.exposure import Exposure, carriers, exposure
from cemcore.pipeline.impact.rows import AFFECTED, NO_PROBLEM, UNKNOWN, Attribution, Members, Missing, Pairs, Tally
from cemcore.pipeline.impact.totals import Names, Prediction, assess, impact_of

__all__ = [
    "AFFECTED",
    "NO_PROBLEM",
    "UNKNOWN",
    "Attribution",
    "Exposure",
    "Members",
    "Missing",
    "Names",
    "Pairs",
    "Prediction",
    "Tally",
    "assess",
    "attribute",
    "carriers",
    "exposure",
    "impact_of",
]
