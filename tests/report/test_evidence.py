from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.core.explain import Question
from rollback.model import Finding, Result
from rollback.report.evidence import news, readable, told, worst
from tests.build import at, finding

FLASK = """<!doctype html>
<html lang=en>
<title>500 Internal Server Error</title>
<h1>Internal Server Error</h1>
<p>The server encountered an internal error and was unable to complete your request.</p>"""
DJANGO = "<html><head><title>KeyError\n at /login &amp; more</title></head><body><h1>KeyError</h1></body></html>"


@pytest.mark.parametrize(
    ("evidence", "shown"),
    [
        ("a\n\nb\nc\nd\n", ["b", "c", "d"]),
        (FLASK, []),
        (DJANGO, ["KeyError at /login & more"]),
        ("KeyError: 'profile'", ["KeyError: 'profile'"]),
        ("", []),
    ],
)
def test_of_evidence_only_what_tells_something_is_shown(evidence: str, shown: list[str]) -> None:
    assert list(news(evidence, set())) == shown


def test_a_timeline_has_every_line_of_evidence_and_of_a_page_its_title() -> None:
    assert [list(readable(text)) for text in ("a\nb\nc\nd", DJANGO, FLASK)] == [
        ["a", "b", "c", "d"],
        ["KeyError at /login & more"],
        [],
    ]


def _failed(host: str, evidence: str, check: str = "login") -> Finding:
    one = finding(check, Result.FAIL, host)
    return replace(one, observed="GET /login answered 500", expected="200", evidence=evidence)


def test_what_failed_alike_on_many_hosts_is_said_once_and_so_is_its_evidence() -> None:
    findings = [
        _failed("web1", "same"),
        _failed("web2", "same"),
        _failed("web3", "other"),
        _failed("web1", "same", "me"),
    ]
    assert list(told(worst(findings), 5)) == [
        "✗ login on web1 web2 web3: GET /login answered 500, expected 200  (12:00:00)",
        "    | same",
        "    | other",
        "✗ me on web1: GET /login answered 500, expected 200  (12:00:00)",
    ]


def test_cases_that_failed_alike_are_said_together_where_they_failed_on_the_same_hosts() -> None:
    each = {case: [replace(_failed(host, ""), case=case) for host in ("web1", "web2")] for case in "abcdefg"}
    findings = [one for case in "abcdefg" for one in each[case]]
    assert list(told(worst(findings), 5)) == [
        "✗ login[a, b, c, d, e and 2 more] on web1 web2: GET /login answered 500, expected 200  (12:00:00)"
    ]
    assert [line.partition(":")[0] for line in told(worst([*each["a"], *each["b"][:1], *each["c"]]), 5)] == [
        "✗ login[a, c] on web1 web2",
        "✗ login[b] on web1",
    ]


def test_what_was_not_asked_before_is_no_baseline() -> None:
    skipped = replace(finding(result=Result.SKIPPED), observed="nothing was switched just now")
    before: dict[Question, Finding] = {("login", "web1", None): skipped}
    assert len(list(told(worst([_failed("web1", "")], before), 5))) == 1


def test_what_failed_again_and_again_is_counted_and_stands_beside_what_it_was_before() -> None:
    first, second = _failed("web1", ""), replace(_failed("web1", ""), at=at(3))
    before: dict[Question, Finding] = {("login", "web1", None): replace(finding(), observed="GET /login answered 200")}
    assert list(told(worst([first, finding(second=1), second], before), 5)) == [
        "✗ login on web1: GET /login answered 500, expected 200  (2 of 3, 12:00:00-12:00:03)",
        "    before the deploy: GET /login answered 200",
    ]


def test_what_is_required_and_failed_comes_first_and_what_passed_not_at_all() -> None:
    slow = replace(_failed("web1", "", "slow"), required=False)
    lost = replace(_failed("web1", "", "lost"), result=Result.ERROR)
    found = worst([finding(), slow, lost, _failed("web1", ""), finding("new", Result.SKIPPED)])
    assert [one.telling.check for one in found] == ["login", "lost", "slow"]


def test_more_than_was_asked_for_is_counted() -> None:
    assert list(told(worst([_failed("web1", "", check) for check in "abc"]), 1))[1:] == ["… and 2 more"]
