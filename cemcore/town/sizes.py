"""How big a town is."""

from __future__ import annotations

from dataclasses import dataclass

from cemcore.errors import ConfigError


@dataclass(frozen=True)
class Size:
    """Counts that a town is built from; `subjects` is how many users and things there are."""

    name: str
    subjects: int
    core_routers: int
    regions: int
    sites_per_region: int
    olts_per_region: int
    pon_ports: int
    data_centres: int
    incidents_a_day: float
    distractors_a_day: float


SIZES = {
    s.name: s
    for s in (
        Size("tiny", 120, 5, 2, 3, 1, 2, 1, 3.0, 1.5),
        Size("small", 450, 9, 3, 4, 1, 3, 2, 3.4, 2.0),
        Size("medium", 2500, 20, 6, 6, 2, 3, 3, 2.6, 1.7),
    )
}


def size_of(name: str) -> Size:
    """The size called `name`; ConfigError where there is none."""
    try:
        return SIZES[name]
    except KeyError:
        raise ConfigError("town", "size", f"{name!r} is none of {', '.join(SIZES)}") from None
