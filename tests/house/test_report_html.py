"""Pages are one file that runs and loads nothing, whatever the names are that operators' systems deliver."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cemcore.api import create_app
from cemcore.application.cem import Cem
from cemcore.cli import app as cli
from cemcore.domain import Cause, Evidence, Impact, ImpactLine, ServiceProblem
from cemcore.pictures import CAUSE, PLAIN, Edge, Mark, Node, Picture, Span, TimeLine
from cemcore.report.html import Drawn, report_page, resources_page
from cemcore.report.html.markup import el
from cemcore.views import ImpactReport, ImpactView, LensView, Problems, ProblemView, SavedLine, Sums

T = datetime(2025, 11, 8, 13, 15, tzinfo=UTC)


class Read(HTMLParser):
    """What a browser would make of a page: elements, attributes, texts; raises where tags do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def drawn(name: str) -> Drawn:
    """A problem in which every text that comes from outside is `name`."""
    evidence = (Evidence("alarm", name, 3.2, name), Evidence("kpi", name, -1.0))
    cause = Cause("resource", name, domain=name, confidence=0.9, tied_with=(name,), evidence=evidence)
    p = ServiceProblem(name, 2, T, T, T, T + timedelta(hours=2), (cause,), (name,), 0.9, change=name, alarms=(name,))
    line = ImpactLine(name, 5, 2, 1, 1, 3, 120.0, 60.0, 99.0)
    lens = LensView(name, (line,))
    view = ProblemView(p, Impact(line, (line,), (line,)), (replace(p, revision=1), p), lenses=(lens,))
    nodes = (Node("a", name, name, CAUSE, 0, name), Node("b", name, "", PLAIN, 1))
    picture = Picture(nodes, (Edge("b", "a"),), name)
    spans = (Span(T, None, "alarm", name), Span(T - timedelta(hours=1), T, "work", name))
    marks = (Mark(T, "onset", name), Mark(T, "revision", name))
    return Drawn(view, picture, TimeLine(T, T + timedelta(hours=2), 900, ((T, 15.0),), marks, spans))


def whole(name: str) -> list[str]:
    """The page of a report and of resources, with `name` in all places."""
    one = drawn(name)
    line = one.view.impact.total
    report = ImpactReport(Problems([one.view]), during=(T, T), sums=Sums(line, line, line), lenses=one.view.lenses)
    saved = (SavedLine(name, 1, 2, 3, 4),)
    lens = LensView(name, (line,), saved)
    view = ImpactView("predicted", name, T, None, one.view.impact, (name,), 3, (name,), (lens,), saved)
    return [report_page(report, [one], T, UTC, name), resources_page(view, one.picture, UTC)]


NASTY = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'/*</style>*/&lt;]]>"


def test_names_are_text_and_never_markup() -> None:
    for page in whole(NASTY):
        read = Read(page)
        assert {"script", "img", "iframe", "object", "link"}.isdisjoint(read.tags)
        assert [k for k, _ in read.attributes if k.startswith("on")] == []
        assert sum(NASTY in t for t in read.texts) >= 5
        assert page.count("<style>") == page.count("</style>") == 1


@given(st.text(max_size=30))
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    page = str(el("p", {"title": text}, text))
    assert page.count("<") == 2
    shown = "".join(Read(page).texts).replace("\r\n", "\n")
    kept = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "\ufffd", text)
    assert shown == kept.replace("\r\n", "\n")


def test_a_page_needs_nothing_else() -> None:
    for page in whole("LNK-3"):
        assert re.findall(r"(?:src|href)=\"(?!#)", page) == []
        assert "url(" not in page
        assert "@import" not in page
        assert "prefers-color-scheme:dark" in page
        assert "@media print" in page


def test_the_page_of_a_report_says_what_the_report_says(cem: Cem) -> None:
    texts = " ".join(Read(cem.page(cem.report())).texts)
    for said in ("LNK-3", "firmware=P10-12.1.1", "SR-1 (planned work CHG-12)", "6,172", "142 of 151 dependent rows"):
        assert said in texts
    assert "cannot be told from LNK-4" in texts


def test_a_page_is_the_same_when_it_is_asked_for_again(cem: Cem) -> None:
    assert cem.page(cem.report(), 2) == cem.page(cem.report(), 2)


def test_command_line_and_rest_give_the_same_page(cem: Cem, folder: Path, served: Any, tmp_path: Path) -> None:
    with served(create_app(cem)) as client:
        rest = client.get("/impact?open=true&as_of=2025-11-08T23:00Z&format=html")
    asked = ["impact", "--open", "--as-of", "2025-11-08T23:00Z", "--config", str(folder / "cem.toml")]
    printed = CliRunner().invoke(cli, [*asked, "--format", "html"])
    written = CliRunner().invoke(cli, [*asked, "--out", str(tmp_path / "report.html")])
    assert rest.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in rest.headers["content-security-policy"]
    assert printed.stdout_bytes == rest.content == (tmp_path / "report.html").read_bytes()
    assert (written.exit_code, written.stdout) == (0, "")


@pytest.mark.parametrize("what", ["figure", "time_line"])
def test_a_notebook_shows_a_problem_as_page_and_as_drawing(cem: Cem, what: str) -> None:
    view = cem.problem("P-1")
    drawing = getattr(view, what)()
    assert drawing._repr_svg_().startswith("<svg")
    Read(str(drawing))
    shown = view._repr_html_()
    assert shown is not None
    assert shown.startswith('<iframe sandbox=""')
    assert "<script" not in shown
