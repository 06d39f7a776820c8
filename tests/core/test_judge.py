from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.core.judge import Decision, decide, judge, label, red, upheld
from rollback.model import Finding, Grade, Limits, Result, Verdict
from tests.build import finding

P, F, I, E, S = Result.PASS, Result.FAIL, Result.INCONCLUSIVE, Result.ERROR, Result.SKIPPED  # noqa: E741


def series(*results: Result, check: str = "login", host: str = "web1") -> list[Finding]:
    return [finding(check, result, host, second=second) for second, result in enumerate(results)]


RULES = [
    ([], Limits(), Grade.UNKNOWN, "nothing was measured"),
    ([S], Limits(), Grade.UNKNOWN, "nothing was measured"),
    ([P], Limits(), Grade.GOOD, "every required check passed"),
    ([F], Limits(), Grade.BAD, "login: 1 failure > limit 0"),
    ([F, F, P], Limits(), Grade.BAD, "login: 2 failures > limit 0"),
    ([F, P], Limits(failure=1), Grade.GOOD, "every required check passed"),
    ([F, P, F], Limits(failure=1), Grade.BAD, "login: 2 failures > limit 1"),
    ([F, F, P], Limits(failure=None, consecutive_failure=2), Grade.GOOD, "every required check passed"),
    ([P, F, F], Limits(failure=None, consecutive_failure=1), Grade.BAD, "login: 2 failures in a row > limit 1"),
    ([F, P, F], Limits(failure=1, consecutive_failure=5), Grade.BAD, "login: 2 failures > limit 1"),
    ([I], Limits(), Grade.UNKNOWN, "login: 1 inconclusive > limit 0"),
    ([I, P], Limits(inconclusive=1), Grade.GOOD, "every required check passed"),
    ([I], Limits(inconclusive=1), Grade.UNKNOWN, "login on web1 could not be measured: inconclusive"),
    ([E], Limits(), Grade.UNKNOWN, "login on web1 could not be measured: error"),
    ([E, P], Limits(), Grade.GOOD, "every required check passed"),
    ([P, E, E], Limits(consecutive_error=1), Grade.UNKNOWN, "login: 2 errors in a row > limit 1"),
    ([P, E, E, P], Limits(consecutive_error=1), Grade.GOOD, "every required check passed"),
    ([E, F], Limits(), Grade.BAD, "login: 1 failure > limit 0"),
    ([F], Limits(failure=1), Grade.UNKNOWN, "login on web1 never passed: fail"),
]


@pytest.mark.parametrize(("results", "limits", "grade", "rule"), RULES)
def test_the_rules(results: list[Result], limits: Limits, grade: Grade, rule: str) -> None:
    found = series(*results)
    assert judge(found, {"login": limits}) == Verdict(grade, rule, tuple(found))


def test_one_unmeasured_host_among_good_ones_is_unknown() -> None:
    found = series(P) + series(E, host="web2")
    assert judge(found, {}).rule == "login on web2 could not be measured: error"


def test_a_warning_check_never_decides() -> None:
    warned = replace(finding(result=F), check="slow", required=False)
    assert judge([*series(P), warned], {}).grade is Grade.GOOD
    assert judge([warned], {}).grade is Grade.UNKNOWN


def test_what_was_red_before_can_not_condemn() -> None:
    found = series(F) + series(P, check="health")
    rule = "every required check passed, but for what was red before: login"
    assert judge(found, {}, frozenset({"login"})) == Verdict(Grade.GOOD, rule, tuple(found))
    mended = [*series(P), *series(P, check="health")]
    assert judge(mended, {}, frozenset({"login"})).rule == "every required check passed"
    assert judge(series(F), {}, frozenset({"login"})) == Verdict(
        Grade.UNKNOWN, "nothing was measured", tuple(series(F))
    )


@given(st.lists(st.sampled_from(list(Result))), st.lists(st.sampled_from(list(Result))))
def test_a_failure_within_no_limits_is_always_bad_and_good_is_never_vacuous(
    one: list[Result], two: list[Result]
) -> None:
    found = series(*one) + series(*two, check="health", host="web2")
    grade = judge(found, {}).grade
    assert (grade is Grade.BAD) == (F in one + two)
    if grade is Grade.GOOD:
        measured = {f.check for f in found if f.result is P}
        assert measured == {f.check for f in found if f.result is not S}
        assert measured


def test_every_short_history_of_one_check_is_judged_as_the_rules_say() -> None:
    for length, limit in product(range(5), range(3)):
        for results in product((P, F, E), repeat=length):
            grade = judge(series(*results), {"login": Limits(failure=limit, consecutive_error=1)}).grade
            errors_at_the_end = results[-2:] == (E, E)
            expected = (
                Grade.BAD
                if results.count(F) > limit
                else Grade.UNKNOWN
                if errors_at_the_end or P not in results
                else Grade.GOOD
            )
            assert grade is expected, (results, limit)


@pytest.mark.parametrize(
    ("grade", "auto", "inconclusive", "expected"),
    [
        *((Grade.GOOD, a, i, Decision.GO_ON) for a, i in product(("on", "ask", "off"), ("hold", "rollback", "accept"))),
        *((Grade.BAD, "on", i, Decision.GO_BACK) for i in ("hold", "rollback", "accept")),
        *((Grade.BAD, "ask", i, Decision.ASK) for i in ("hold", "rollback", "accept")),
        *((Grade.BAD, "off", i, Decision.LEAVE) for i in ("hold", "rollback", "accept")),
        *((Grade.UNKNOWN, a, "hold", Decision.HOLD) for a in ("on", "ask", "off")),
        *((Grade.UNKNOWN, a, "rollback", Decision.GO_BACK) for a in ("on", "ask", "off")),
        *((Grade.UNKNOWN, a, "accept", Decision.GO_ON) for a in ("on", "ask", "off")),
    ],
)
def test_decisions(grade: Grade, auto: str, inconclusive: str, expected: Decision) -> None:
    assert decide(Verdict(grade, ""), auto, inconclusive) is expected


FEW = "logs: 1 inconclusive > limit 0"


@pytest.mark.parametrize(
    ("found", "grade", "rule"),
    [
        (series(P) + series(I, check="logs"), Grade.GOOD, f"proven before, though {FEW}"),
        (
            series(P) + series(E, check="logs"),
            Grade.GOOD,
            "proven before, though logs on web1 could not be measured: error",
        ),
        (series(P) + series(I, check="logs", host="web2"), Grade.UNKNOWN, FEW),
        (series(I, check="logs"), Grade.UNKNOWN, FEW),
        (series(P) + series(E, check="undrain"), Grade.UNKNOWN, "undrain on web1 could not be measured: error"),
        (series(P), Grade.GOOD, "every required check passed"),
        (series(F, P), Grade.BAD, "login: 1 failure > limit 0"),
        ([], Grade.UNKNOWN, "nothing was measured"),
    ],
)
def test_want_of_data_takes_no_proof_back_where_every_host_passed_something(
    found: list[Finding], grade: Grade, rule: str
) -> None:
    still = upheld(judge(found, {}), {"login", "logs"})
    assert (still.grade, still.rule) == (grade, rule)


def test_labels_and_red_checks() -> None:
    assert label(finding("login", F, "web1", "no_profile")) == "login[no_profile] on web1"
    assert label(finding("login", F, None)) == "login"
    optional = replace(finding("slow", F), required=False)
    assert red([finding("login", F), finding("health", P), optional]) == {"login"}
