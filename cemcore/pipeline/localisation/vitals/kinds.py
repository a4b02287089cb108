"""What kind of thing a metric measures, told from its own name, and how trouble of that kind travels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Travel(StrEnum):
    """Where trouble of a kind is seen besides where it begins."""

    DEPENDENTS = "dependents"
    """At what depends on the troubled node: waiting and failing go up the calls."""
    STAYS = "stays"
    """Nowhere else: what a node uses up is its own."""
    FLOWS = "flows"
    """Along with the demand, both ways."""


@dataclass(frozen=True)
class Kind:
    """One kind of metric.

    words: regular expression, searched in the metric's name in small letters; bad: +1 more is worse, -1 less is worse,
    0 either may be; weight: share of its surprise that speaks for the node itself; share: bounded by 1 or 100.
    """

    name: str
    words: str
    travel: Travel
    bad: int
    weight: float = 1.0
    share: bool = False


_DEMAND = r"request|workload|ops|calls|att|succ|hoexe|conn|session|registration|active|queries|throughput|count|qps|rps"

KINDS = (
    Kind("doubt", r"suspect", Travel.STAYS, +1),
    Kind("physical", r"rx_?(level|power)|snr|sinr|rsrp|bip|fec|ber_|temperature|capacity", Travel.STAYS, 0),
    Kind("rate", r"thp(dl|ul)|throughput_?[mk]bps|goodput", Travel.DEPENDENTS, -1),
    Kind("availability", r"success|availab|uptime|accessib|retainab|hit_ratio", Travel.DEPENDENTS, -1, share=True),
    Kind(
        "errors",
        r"error|fail|fault|drop|loss|lost|relact|discard|retrans|reject|timeout|exception|5xx|4xx|_50\d",
        Travel.DEPENDENTS,
        +1,
    ),
    Kind("waiting", r"(client|outbound|egress|upstream).*(latenc|delay|duration|time)", Travel.DEPENDENTS, +1, 0.4),
    Kind("latency", r"latenc|delay|duration|response|elapsed|rtt|jitter", Travel.DEPENDENTS, +1),
    Kind("shared", r"^(node|host|machine|hypervisor)", Travel.FLOWS, 0, 0.3),
    Kind("processor", r"cpu|processor|load_?avg", Travel.STAYS, +1),
    Kind("memory", r"mem|heap|swap", Travel.STAYS, +1),
    Kind("saturation", r"queue_?(len|depth)|saturat|backlog", Travel.STAYS, +1),
    Kind("load", r"util|usage|occupan|prb", Travel.FLOWS, 0, 0.5),
    Kind("storage", r"syscall|disk|read|write|iops", Travel.STAYS, 0, 0.5),
    Kind("volume", r"gress|receive|transmit|bytes|octets|packets|network|traffic|volume", Travel.FLOWS, 0, 0.5),
    Kind("demand", _DEMAND, Travel.FLOWS, 0, 0.3),
)
"""Tried in this order; the first whose words are found is the metric's kind."""
OTHER = Kind("other", r"", Travel.STAYS, 0, 0.5)


@lru_cache(maxsize=4096)
def kind_of(metric: str) -> Kind:
    """The kind of a metric by its name; OTHER where no word is known."""
    name = metric.lower()
    return next((k for k in KINDS if re.search(k.words, name)), OTHER)
