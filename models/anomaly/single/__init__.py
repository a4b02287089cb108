"""One series, watched closely: distances to its own past, and what in them is new."""

from models.anomaly.single.incidents import Freshness
from models.anomaly.single.watcher import SingleSeries

__all__ = ["Freshness", "SingleSeries"]
