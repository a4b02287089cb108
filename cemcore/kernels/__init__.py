"""Compiled loops over the arrays of the corridor, each beside the plain NumPy that it equals."""
