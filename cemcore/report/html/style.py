"""How pages and figures look: light and dark, on screen and paper; the rules are in the .css files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def sheet(page: bool) -> str:
    """The style sheet of a page, or of a figure that stands alone."""
    root = ":root" if page else ".fig"
    dark = f"@media screen and (prefers-color-scheme:dark){{{root}{{{_rules('dark')}}}}}"
    return f"{root}{{{_rules('colours')}}}\n{dark}\n{_rules('figure')}{_rules('page') if page else ''}"


def _rules(name: str) -> str:
    return (Path(__file__).parent / f"{name}.css").read_text(encoding="utf-8")
