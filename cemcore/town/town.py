"""A seeded operator that lays down what its systems deliver, and the truth of what befell it."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from cemcore.town import inventory
from cemcore.town.deliveries import Deliveries
from cemcore.town.live import LiveTown, Progress
from cemcore.town.sizes import size_of
from cemcore.town.spec import Spec, load_spec
from cemcore.town.world import World


class Town:
    """An operator of `size` (tiny, small, medium) over `days` local days; the same arguments give the same bytes.

    `spec` is a fault spec, a path to one, or None for the town's own; `first` the first local day (a Monday by seed
    unless given). Raises ConfigError for a size or a spec that does not hold.
    """

    def __init__(
        self,
        seed: int,
        size: str = "small",
        days: int = 10,
        spec: Spec | str | os.PathLike[str] | None = None,
        first: date | None = None,
    ) -> None:
        self._arguments = (seed, size_of(size), days, spec if isinstance(spec, Spec) else load_spec(spec), first)

    def write(self, directory: str | os.PathLike[str], progress: Progress | None = None) -> None:
        """Lay down everything below `directory`.

        That is inventory, every day's feeds, feedback, truth.json, operator.json and README.md.
        """
        root, world = Path(directory), World(*self._arguments)
        deliveries, days = Deliveries(world), world.calendar.days
        inventory.write(root / "inventory", world)
        for day in range(days):
            if progress is not None:
                progress(day, days, world.calendar.date(day).isoformat())
            deliveries.write_day(root, day)
        end = world.calendar.midnight(days)
        deliveries.finish(root, end, end)
        if progress is not None:
            progress(days, days, "done")

    def live(self, directory: str | os.PathLike[str], hour: float = 0.0) -> LiveTown:
        """This town as one that lives on below `directory`.

        History ends on the day after its days, at `hour` local time; from then on slots are delivered one by one.
        """
        return LiveTown(Deliveries(World(*self._arguments)), Path(directory), hour)
