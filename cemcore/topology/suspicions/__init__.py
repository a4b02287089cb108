"""Wrong and missing connections, named from the regularities of the inventory itself: reported, never applied."""

from cemcore.topology.suspicions.judging import suspect
from cemcore.topology.suspicions.suspicion import Suspicion

__all__ = ["Suspicion", "suspect"]
