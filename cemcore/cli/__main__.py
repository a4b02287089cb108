"""`python -m cemcore.cli`: the same as `cem`."""

from cemcore.cli import main

main()
