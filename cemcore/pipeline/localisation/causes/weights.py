"""How much each kind of evidence weighs: stated priors with a reason each, and what was learned in their place.

A candidate's log-odds are the sum of weight x amount over its lines. A stated weight is the middle of a Gaussian
prior, `spread` its standard deviation: what verdicts have to overcome. Those of search, prior and unknown were set on
generated operators (seeds 2411 to 2414); the others are judgement, which those operators bore out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Prior:
    """One stated weight: log-odds of an amount of 1, how sure we are of it, and why."""

    kind: str
    value: float
    spread: float
    reason: str


PRIORS = (
    Prior(
        "records",
        1.0,
        0.3,
        "evidence of the records, tempered, as those of one slot do not err independently: at most 8 for a cause, and "
        "0.15 less for every nat that another candidate explains more",
    ),
    Prior(
        "search",
        2.6,
        0.7,
        "share of the search's votes over the slots of the problem: who is named again is rarely wrong",
    ),
    Prior(
        "prior", 0.8, 0.3, "how often it is this kind of thing: the nearer to the user and the simpler, the likelier"
    ),
    Prior(
        "alarm",
        3.0,
        1.0,
        "a critical alarm on the candidate itself at the onset; less by severity and distance in time",
    ),
    Prior("alarm_under", 1.0, 0.7, "elements under the candidate raise alarms, however many: one storm is one sign"),
    Prior("alarm_above", -1.0, 0.7, "a grave alarm on what the candidate hangs on: its own trouble follows from that"),
    Prior("no_alarm", -0.7, 0.5, "its type usually raises an alarm when it fails, and none came within the hour"),
    Prior(
        "kpi",
        2.0,
        1.0,
        "metrics of the resource itself left their habit: an amount of 1 is 2.5 nats of theirs",
    ),
    Prior(
        "planned_work",
        4.0,
        1.0,
        "work on the resource itself while it was bad; half of it for work on what it hangs on",
    ),
    Prior("change", 2.0, 0.7, "work on the resource ended up to two hours before the onset"),
    Prior("demand", 2.0, 0.7, "load high and far above its habit, where most bad records were served"),
    Prior("silence", 1.0, 0.3, "records are missing while the neighbours report: tempered like records"),
    Prior("unknown", 1.5, 1.0, "the odds of a cause that nothing named: what thin evidence has to beat"),
)
"""Every kind, in the order in which people read them. "unknown" is the weight of the candidate "none of these"."""

KINDS = tuple(p.kind for p in PRIORS)


@dataclass(frozen=True)
class Weights:
    """Weights in use: kind -> log-odds of an amount of 1; `problems`: how many verdicts they were learned from."""

    values: Mapping[str, float] = field(default_factory=lambda: {p.kind: p.value for p in PRIORS})
    problems: int = 0

    def of(self, kind: str) -> float:
        """The weight of a kind."""
        return self.values[kind]


STATED = Weights()
"""The stated priors as weights."""
