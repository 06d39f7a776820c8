"""The summary, read as GitHub reads it: by a Markdown parser, and then as HTML."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from rollback.core.explain import Explanation
from rollback.model import Grade, Outcome, Result, Verdict
from rollback.report.markdown import ROOM, markdown
from rollback.text import clean_line
from tests.build import V1, V3, at, finding
from tests.report.hostile import EVERY, TRICKS, hostile

_OURS = {"h3", "p", "code", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre"}


@dataclass
class Read(HTMLParser):
    """The elements, and the text of each kind."""

    tags: set[str] = field(default_factory=set)
    rows: list[list[str]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.tags.add(tag)
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.texts[tag][-1] += data
            if tag in {"td", "th"}:
                self.rows[-1][-1] += data


def read(text: str) -> Read:
    seen = Read()
    seen.feed(MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(text))
    seen.close()
    return seen


@pytest.mark.parametrize("text", [*TRICKS, EVERY])
def test_nothing_from_outside_is_markup(text: str) -> None:
    seen = read(markdown("↩", f"bad: {text}", f"rollback show {text}", hostile(text)))
    shown = clean_line(text, 980)
    assert seen.tags - _OURS == set()
    assert {len(row) for row in seen.rows} == {2, 9}
    assert seen.rows[-1][1:7] == [
        clean_line(f"check {text}", 200),
        clean_line(f"host {text}", 200),
        clean_line(f"user {text}", 200),
        *[clean_line(text, 200)] * 3,
    ]
    assert seen.texts["h3"] == [f"↩ bad: {shown}"]
    assert seen.texts["code"] == [f"rollback show {shown}"]
    assert len(seen.texts["pre"]) == 1


def test_addresses_from_outside_are_no_links() -> None:
    text = markdown("↩", "see https://evil.example and www.evil.example", "", None)
    assert text == "### ↩ see https&#58;//evil.example and www&#46;evil.example\n"


def test_what_happened_is_told_in_two_tables() -> None:
    failed = replace(finding(result=Result.FAIL), observed="GET /login answered 500", expected="200")
    why = Explanation(
        "gate", "production", Outcome.LEFT, Verdict(Grade.BAD, "login: 1 failure > limit 0", (failed,)), target=V3
    )
    assert read(markdown("✗", "v3 is bad", "rollback", replace(why, live=(("web1", V3.id),)))).rows == [
        ["", ""],
        ["release", "v3 (7633000) on production"],
        ["verdict", "bad: login: 1 failure > limit 0"],
        ["live", "v3 on web1"],
        ["", "check", "host", "user", "observed", "expected", "before", "answers", "when"],
        ["✗", "login", "web1", "", "GET /login answered 500", "200", "", "1 of 1", "12:00:00"],
    ]


def test_however_much_was_found_it_fits_and_still_ends_with_the_next_command() -> None:
    many = tuple(
        replace(finding(f"check {n}", Result.FAIL), observed="|" * 8000, evidence="<" * 8000, at=at(n))
        for n in range(3000)
    )
    why = Explanation("gate", "production", Outcome.LEFT, Verdict(Grade.BAD, "&" * 8000, many), target=V1)
    text = markdown("✗", "&" * 8000, "rollback", why)
    assert len(text.encode()) < ROOM
    assert "… and 2980 more" in text
    assert text.endswith("Next: <code>rollback</code>\n")
