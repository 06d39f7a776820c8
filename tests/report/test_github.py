"""What GitHub's runner would take from our output, by its own rules (actions/runner, ActionCommand.cs)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import unquote

import pytest

from rollback.core.explain import Explanation
from rollback.model import Grade, Outcome, Result, Verdict
from rollback.report.data import envelope
from rollback.report.github import inert, marks, outputs
from rollback.text import clean_line
from tests.build import V1, V3, finding
from tests.report.hostile import EVERY, TRICKS, hostile


def commands(output: str) -> list[tuple[str, str, str]]:
    """(command, title, message) of every line that is one; the older form stands anywhere in a line."""
    found = []
    for line in re.split(r"\r\n|\r|\n", output):
        if line.strip().startswith("::"):
            head, _, message = line.strip()[2:].partition("::")
            name, _, title = head.partition(" title=")
            found.append((name, unquote(title), unquote(message)))
        elif "##[" in line:
            found.append(("older", "", line))
    return found


@pytest.mark.parametrize("text", [*TRICKS, EVERY])
def test_an_annotation_is_one_command_and_says_exactly_what_was_said(text: str) -> None:
    found = [commands(one) for one in marks("deploy", 10, text, hostile(text))]
    assert [len(one) for one in found] == [1, 1]
    assert found[0] == [("error", "rollback deploy", clean_line(text, 1000))]
    assert found[1][0][:2] == ("error", clean_line(f"check {text}[user {text}] on host {text}", 1000))


@pytest.mark.parametrize("text", [*TRICKS, EVERY, " \t::add-mask::x", "a ##[group]x", ":::x"])
def test_nothing_else_that_we_print_is_a_command(text: str) -> None:
    assert commands(inert(text)) == []
    assert commands(inert(inert(text))) == []
    assert inert(text).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", ["web1: ok", "12::34", "a :: b", "# [x]"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize("text", [*TRICKS, EVERY])
def test_the_json_object_is_no_command_and_means_the_same(text: str) -> None:
    line = envelope("show", 0, text, "", {"text": text}, str)
    assert commands(line) == []
    assert json.loads(line)["data"]["text"] == text


@pytest.mark.parametrize("text", [*TRICKS, EVERY])
def test_outputs_are_five_lines_whatever_a_tag_holds(text: str) -> None:
    lines = outputs(10, hostile(text)).splitlines()
    assert lines == [
        "outcome=rolled back",
        f"tag={clean_line(text)}",
        f"rolled_back_to={clean_line(text)}",
        "operation=01OP",
        "ledger_head=",
    ]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(1, "error"), (2, "refused"), (3, "refused"), (4, "refused"), (5, "abandoned"), (143, "interrupted")],
)
def test_what_did_not_begin_has_an_outcome_too(code: int, outcome: str) -> None:
    assert outputs(code, None) == f"outcome={outcome}\ntag=\nrolled_back_to=\noperation=\nledger_head=\n"


def test_a_fallback_that_was_not_needed_is_not_said_to_be_gone_back_to() -> None:
    why = Explanation("deploy", "production", Outcome.DONE, Verdict(Grade.GOOD, ""), target=V3, fallback=V1)
    assert outputs(0, why) == "outcome=done\ntag=v3\nrolled_back_to=\noperation=\nledger_head=\n"


def test_the_verdict_and_the_top_three_are_annotated() -> None:
    failed = tuple(replace(finding(f"c{n}", Result.FAIL), observed="no") for n in range(9))
    why = Explanation("gate", "production", Outcome.LEFT, Verdict(Grade.BAD, "", failed), target=V3)
    assert list(marks("gate", 11, "v3 is bad", why)) == [
        "::error title=rollback gate::v3 is bad",
        *(f"::error title=c{n} on web1::c{n} on web1: no" for n in range(3)),
    ]
    good = replace(why, outcome=Outcome.DONE, verdict=Verdict(Grade.GOOD, "", failed))
    assert list(marks("gate", 0, "v3 is good", good)) == ["::notice title=rollback gate::v3 is good"]
