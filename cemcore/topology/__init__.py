"""Topology: resources, the ways between them, what each service hangs on, and joining names to them."""

from cemcore.topology.joining import Joiner
from cemcore.topology.network import Fault
from cemcore.topology.paths import Path
from cemcore.topology.population import Facts, build_population, grown
from cemcore.topology.topology import Topology

__all__ = ["Facts", "Fault", "Joiner", "Path", "Topology", "build_population", "grown"]
