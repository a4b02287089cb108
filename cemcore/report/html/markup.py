"""HTML and SVG from plain values: every text is escaped, as names come from operators' systems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape

_VOID = frozenset({"meta", "br", "hr", "img", "path", "rect", "line", "circle", "polygon"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Html(str):
    """Text that is markup already; only `el` and `joined` make it."""

    __slots__ = ()


def el(name: str, attributes: Mapping[str, str | float | None] | None = None, *children: Html | str | None) -> Html:
    """An element. Attribute values and children are escaped, unless a child is `Html`; None is left out."""
    said = "".join(f' {k}="{_safe(_text(v))}"' for k, v in (attributes or {}).items() if v is not None)
    if name in _VOID and not children:
        return Html(f"<{name}{said}/>")
    return Html(f"<{name}{said}>{joined(children)}</{name}>")


def joined(children: Iterable[Html | str | None]) -> Html:
    """Children one after the other, escaped where they are no markup."""
    return Html("".join(c if isinstance(c, Html) else _safe(c) for c in children if c is not None))


def _safe(text: str) -> str:
    return escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text), quote=True)


def _text(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.1f}".removesuffix(".0")
