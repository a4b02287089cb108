"""The daemon adds only *when*: sources at their cadence, ticks as slots settle, one assessor, a clean stop."""

from cemcore.daemon.clocks import SimulatedClock
from cemcore.daemon.daemon import Daemon
from cemcore.daemon.lease import Lease, working
from cemcore.daemon.serve import listen, serve

__all__ = ["Daemon", "Lease", "SimulatedClock", "listen", "serve", "working"]
