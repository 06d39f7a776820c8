from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from rollback.core.explain import Explanation, Part, answers
from rollback.model import Finding, Grade, Outcome, Result, Verdict
from rollback.report.junit import junit
from rollback.text import clean_line
from tests.build import V3, finding
from tests.report.hostile import EVERY, TRICKS, hostile

GOOD, BAD = Verdict(Grade.GOOD, "all passed"), Verdict(Grade.BAD, "login: 1 failure > limit 0")


def told(*findings: Finding, verdict: Verdict = BAD, outcome: Outcome = Outcome.LEFT) -> ElementTree.Element:
    part = Part("verify", V3, answers(findings), verdict.grade)
    why = Explanation("gate", "production", outcome, verdict, target=V3, parts=(part,))
    return ElementTree.fromstring(junit("gate", outcome.exit_code, "v3 is so", why))


def kinds(report: ElementTree.Element) -> dict[str, list[str]]:
    """By case, what came of it."""
    return {str(case.get("name")): [one.tag for one in case] for case in report.iter("testcase")}


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (Result.PASS, []),
        (Result.FAIL, ["failure"]),
        (Result.ERROR, ["error"]),
        (Result.INCONCLUSIVE, ["error"]),
        (Result.SKIPPED, ["skipped"]),
    ],
)
def test_a_case_for_each_check_host_and_user(result: Result, kind: list[str]) -> None:
    report = told(finding(result=result, case="no_profile"))
    assert kinds(report) == {"login[no_profile] on web1": kind, "v3 on production": ["failure"]}
    assert [suite.get("name") for suite in report] == ["verify v3", "verdict"]


def test_a_failure_says_what_was_expected_how_often_and_since_when() -> None:
    failed = replace(finding(result=Result.FAIL), observed="answered 500", expected="200", evidence="KeyError: 'x'")
    failure = told(failed, finding(second=1)).find(".//failure")
    assert failure is not None
    assert failure.get("message") == "answered 500, expected 200"
    assert failure.text == "login on web1: answered 500, expected 200\n1 of 2 answers, 12:00:00\nKeyError: 'x'"


def test_what_only_warns_or_is_within_its_limit_fails_nothing() -> None:
    warned = replace(finding("slow", Result.FAIL), required=False)
    report = told(warned, finding(result=Result.FAIL), verdict=GOOD, outcome=Outcome.DONE)
    assert kinds(report) == {"slow on web1": ["skipped"], "login on web1": ["system-out"], "v3 on production": []}
    assert (report.get("failures"), report.get("errors")) == ("0", "0")


@pytest.mark.parametrize(
    ("outcome", "verdict", "kind"),
    [
        (Outcome.DONE, GOOD, []),
        (Outcome.PARTIAL, GOOD, ["error"]),
        (Outcome.HELD, Verdict(Grade.UNKNOWN, "nothing was measured"), ["error"]),
        (Outcome.STRANDED, Verdict(Grade.UNKNOWN, "interrupted"), ["failure"]),
        (Outcome.ROLLED_BACK, BAD, ["failure"]),
    ],
)
def test_no_report_is_green_without_a_verdict(outcome: Outcome, verdict: Verdict, kind: list[str]) -> None:
    assert kinds(told(verdict=verdict, outcome=outcome)) == {"v3 on production": kind}


def test_what_ended_before_anything_was_found_is_one_error() -> None:
    report = ElementTree.fromstring(junit("deploy", 3, "there is no tag v9", None))
    assert kinds(report) == {"rollback deploy": ["error"]}
    error = report.find(".//error")
    assert error is not None
    assert error.get("message") == "there is no tag v9"


@pytest.mark.parametrize("text", [*TRICKS, EVERY])
def test_nothing_from_outside_breaks_out_of_the_xml(text: str) -> None:
    report = ElementTree.fromstring(junit("deploy", 10, text, hostile(text)))
    assert [len(suite.findall("testcase")) for suite in report.iter("testsuite")] == [1, 1, 1]
    assert {one.tag for one in report.iter()} <= {
        *{"testsuites", "testsuite", "testcase", "failure", "properties", "property"}
    }
    failure = report.findall(".//failure")[0]
    assert failure.get("message") == clean_line(f"{clean_line(text)}, expected {clean_line(text)}")
