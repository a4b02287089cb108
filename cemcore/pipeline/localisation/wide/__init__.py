"""Room three at national scale: all degraded rows, exact sums of the others by what they depend on, and a sample of
them.
"""
