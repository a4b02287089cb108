"""Tier 1: the streaming seasonal model of national scale. State, not history: 71 bytes a series, one pass a slot.

Per series a level, its own gain on the season of its cohort, a small season of its own, a robust spread, and a leaky
one-sided CUSUM of what is unexpectedly low. Surprise weighs the chart (what lasts) and the single value (what is
sudden), each calibrated within the cohort. Every learning step is of bounded influence; rates go by time, so that
5-, 15- and 60-minute slots learn alike.

    state      arrays of the series                 lookups   tables and rates of one step
    cohorts    what series share, and tallies       twin      the step in NumPy: the equations to read
    changes    deltas between snapshots             kernel    the step compiled, equal to the twin bit for bit
    access     elements of arrays known apart       arithmetic  the compiled equations of a block
"""

from models.anomaly.seasonal.detector import Seasonal

__all__ = ["Seasonal"]
