"""Made-up names of places."""

from __future__ import annotations

from cemcore.town.seeds import Rng

_HEADS = [
    "bal",
    "cor",
    "den",
    "fal",
    "gor",
    "hel",
    "jur",
    "kal",
    "lim",
    "mar",
    "nor",
    "oll",
    "pel",
    "quin",
    "rov",
    "sel",
    "tar",
    "ulm",
    "vas",
    "wen",
    "yar",
    "zan",
]
_MIDDLES = ["a", "e", "i", "o", "ader", "en", "ian", "or", "il", "um"]
_TAILS = [
    "berg",
    "cove",
    "dale",
    "ford",
    "gate",
    "holm",
    "lund",
    "mere",
    "nau",
    "port",
    "rick",
    "stead",
    "ton",
    "vik",
    "wald",
]


def places(rng: Rng, count: int) -> tuple[str, ...]:
    """`count` different place names in capitals, at most nine letters (they become parts of identifiers)."""
    out: dict[str, None] = {}
    while len(out) < count:
        name = "".join(str(rng.choice(part)) for part in (_HEADS, _MIDDLES, _TAILS))
        out[name.upper()[:9]] = None
    return tuple(out)
