"""The topology at national size: impact of any resources on millions of subjects, from an index over arrays."""

from cemcore.topology.national.index import Bits, Counts, National
from cemcore.topology.national.keeping import national, suits

__all__ = ["Bits", "Counts", "National", "national", "suits"]
