"""The report of an incident, whole, against what a person read and found fit to be sent.

To write the two files anew: python -m tests.report.test_postmortem; then read what changed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.core.incident import incidents
from rollback.model import Noted, Outcome, Record
from rollback.report.blocks import TODO, html, markdown
from rollback.report.case import Case
from rollback.report.postmortem import document, drawn, sentence
from rollback.report.timeline_svg import style, svg
from rollback.text import clean_line
from tests.report.hostile import EVERY, TRICKS
from tests.report.incidents import CHANGED, NINE, by_hand, by_itself, left_to_a_person
from tests.report.test_markdown import read

GOLDEN = Path(__file__).with_name("golden")
CASES = {"by_hand": by_hand, "by_itself": by_itself}
PARTS = [
    "1. Summary",
    "2. Timeline",
    "3. Root cause",
    "4. Resolution and recovery",
    "5. Corrective and preventive measures",
]


@pytest.mark.parametrize("name", CASES)
def test_the_report_is_the_one_that_was_read(name: str) -> None:
    assert markdown(document(CASES[name]())) == (GOLDEN / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", CASES)
def test_the_same_ledger_gives_the_same_report_picture_and_page(name: str) -> None:
    once, again = CASES[name](), CASES[name]()
    assert html(document(once), style()) == html(document(again), style())
    assert svg(drawn(once), style()) == svg(drawn(again), style())


@pytest.mark.parametrize("name", CASES)
def test_page_and_markdown_have_the_five_parts_and_ask_people_for_the_same(name: str) -> None:
    case = CASES[name]()
    text, page = markdown(document(case)), html(document(case), style())
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS
    assert re.findall(r"<h2>(.*)</h2>", page) == PARTS
    assert text.count(TODO) == page.count(f"<mark>{TODO}</mark>")
    assert page.count("<svg") == 1


def test_what_only_people_know_is_left_to_them() -> None:
    left = [line for line in markdown(document(by_itself())).splitlines() if TODO in line]
    assert [re.sub(r"[|* -]+", " ", line).strip() for line in left][1:5] == [
        f"Real user impact {TODO} : how many people, doing what, since when",
        f"{TODO} : the cause, in a few sentences. What is on record about it:",
        f"Data that has to be repaired: {TODO}",
        f"{TODO} : mend the cause, and deploy that under a new tag v1.2.0 is not deployed again as it is {TODO} {TODO}",
    ]


def test_an_incident_that_is_not_over_says_so() -> None:
    case = by_itself()
    begun = tuple(one for one in case.records if one.at < NINE.replace(second=4).astimezone(one.at.tzinfo))
    open_case = replace(case, incident=incidents(begun)[-1], records=begun)
    assert sentence(open_case).startswith("v1.2.0 failed the check login. It is not over")
    assert f"not yet: **{TODO}**" in markdown(document(open_case))


def test_without_git_it_says_that_and_nothing_else_is_missing() -> None:
    without = markdown(document(replace(by_itself(), changed=None)))
    assert "What changed, v1.1.0..v1.2.0: git could not tell here." in without
    assert [line for line in without.splitlines() if line.startswith("## ")] == [f"## {part}" for part in PARTS]


@pytest.mark.parametrize(
    ("outcome", "reason", "advised"),
    [
        (Outcome.LEFT, "the policy says auto_rollback: off", True),
        (Outcome.LEFT, "v1 does not know the irreversible migration 0003.sql: there is no automatic way back", False),
        (Outcome.STRANDED, "v1 could not be verified", False),
    ],
)
def test_to_go_back_by_itself_is_advised_where_only_the_policy_stood_in_the_way(
    outcome: Outcome, reason: str, advised: bool
) -> None:
    case = left_to_a_person(outcome, reason)
    assert ("auto_rollback: on" in markdown(document(case))) is advised


def hostile(text: str) -> Case:
    """In a note, an output, a commit and the app's name."""
    case = by_itself(text)
    note = Record("9", NINE, "shop", "production", "01J4", text, Noted(text, NINE))
    records = (*case.records, note)
    commit = replace(CHANGED.commits[0], subject=clean_line(text), author=clean_line(text))
    changed = replace(CHANGED, commits=(commit,), files=(replace(CHANGED.files[0], name=clean_line(text)),))
    return Case(text, text, incidents(records)[-1], records, changed, None)


@pytest.mark.parametrize("text", [*TRICKS, EVERY])
def test_nothing_from_outside_is_markup_in_either(text: str) -> None:
    made = document(hostile(text))
    seen = read(markdown(made))
    ours = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "strong", "pre", "code"}
    assert seen.tags - ours == set()
    assert any(clean_line(text, 200)[:150] in one for one in seen.texts["li"])
    page = html(made, style())
    assert set(re.findall(r"<([a-z0-9]+)", page)) - ours == {
        *("html", "head", "meta", "title", "style", "body", "main", "mark", "div"),
        *("svg", "rect", "line", "text"),
    }
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff\ufffe]", page + markdown(made))


if __name__ == "__main__":
    for name, made in CASES.items():
        (GOLDEN / f"{name}.md").write_text(markdown(document(made())), "utf-8")
