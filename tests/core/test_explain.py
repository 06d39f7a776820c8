from __future__ import annotations

import pytest

from rollback.core.explain import Answers, Explanation, Part, Question, answers, parts, way
from rollback.core.history import Standing
from rollback.core.recall import GATE, Subject, explained, recalled
from rollback.model import (
    Ended,
    Ending,
    Fact,
    Finding,
    Grade,
    Intended,
    Judged,
    Kind,
    Marked,
    Observed,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Started,
    Step,
    Verdict,
)
from tests.build import V1, V2, V3, at, finding, judged, record, release

FAILED = finding(result=Result.FAIL, second=12)
BAD = Verdict(Grade.BAD, "login: 1 failure > limit 0", (FAILED,))
GOOD = Verdict(Grade.GOOD, "every required check passed")
LIVE = (("web1", V1.id),)


def step(phase: Phase, of: Release) -> Step:
    return Step(phase, of, ("web1",))


def operation(*facts: Fact, start: float = 10, name: str = "OP2") -> list[Record]:
    return [record(start + at_, fact, name) for at_, fact in enumerate(facts)]


def started(kind: Kind = Kind.DEPLOY, target: Release = V2, fallback: Release | None = V1) -> Started:
    return Started(kind, target, fallback, ("web1",))


ROLLED_BACK = (
    started(),
    Observed(None, (finding(),)),
    Intended(step(Phase.ACTIVATE, V2)),
    Observed(step(Phase.ACTIVATE, V2), (finding("activate"),)),
    Intended(step(Phase.VERIFY, V2)),
    Observed(step(Phase.VERIFY, V2), (FAILED,)),
    Judged(V2, BAD),
    Intended(step(Phase.ACTIVATE, V1)),
    Observed(step(Phase.ACTIVATE, V1), (finding("activate"),)),
    Observed(step(Phase.VERIFY, V1), (finding(),)),
    Judged(V1, GOOD),
    Ended(Outcome.ROLLED_BACK, LIVE, (), BAD.rule),
)


@pytest.mark.parametrize(
    ("results", "telling", "amiss"),
    [
        (["pass", "pass"], 1, []),
        (["error", "fail", "pass"], 1, [0, 1]),
        (["pass", "inconclusive", "error", "pass"], 1, [1, 2]),
        (["skipped"], 0, []),
    ],
)
def test_of_all_answers_to_a_question_one_tells(results: list[str], telling: int, amiss: list[int]) -> None:
    every = [finding(result=Result(one), second=place) for place, one in enumerate(results)]
    assert answers(every) == (Answers(every[telling], len(every), tuple(at(one) for one in amiss)),)


def test_questions_are_told_apart_by_check_host_and_case_and_know_what_was_before() -> None:
    asked = (finding(), finding("me"), finding(host=None), finding(case="no_profile"), finding())
    before: dict[Question, Finding] = {("me", "web1", None): finding("me", Result.FAIL)}
    assert [(one.count, one.before) for one in answers(asked, before)] == [
        (2, None),
        (1, finding("me", Result.FAIL)),
        (1, None),
        (1, None),
    ]


def test_parts_are_phases_with_their_release_verdict_and_baseline() -> None:
    before = finding()
    assert parts(operation(*ROLLED_BACK)) == (
        Part("preflight", None, (Answers(before),)),
        Part("activate", V2, (Answers(finding("activate")),)),
        Part("verify", V2, (Answers(FAILED, 1, (FAILED.at,), before),), Grade.BAD),
        Part("activate", V1, (Answers(finding("activate")),)),
        Part("verify", V1, (Answers(finding(), before=before),), Grade.GOOD),
    )


def test_the_way_back_is_known_as_it_was_when_the_operation_began() -> None:
    v0 = release("v0")
    earlier = [judged(1, v0), judged(2, V1), judged(3, V3, Grade.BAD)]
    mine = operation(*ROLLED_BACK)
    later = record(40, Marked(V1, Grade.BAD, "leaks"), "OP3")
    v3 = Standing(V3, Grade.BAD, at(3), "by a test")
    assert way(V1, V2, mine, [*earlier, *mine, later]) == (
        Standing(V1, Grade.GOOD, at(2), "by a test"),
        ((v3, "by a test"),),
    )
    assert way(None, V2, mine, [*earlier, *mine]) == (None, ((v3, "by a test"),))


def test_an_ending_and_the_ledger_later_tell_the_same() -> None:
    mine = operation(*ROLLED_BACK)
    every = [judged(2, V1), *mine, record(50, started(), "OP3")]
    subject = Subject(Kind.DEPLOY, "production", "OP2", V2, V1)
    ending = Ending(Outcome.ROLLED_BACK, BAD, LIVE, BAD.rule, GOOD)
    now = explained(subject, ending, mine, every)
    assert (now.target, now.fallback, now.author, now.went_back) == (V2, V1, "ada", True)
    assert now.before == {("login", "web1", None): finding()}
    assert recalled("OP2", every) == now
    assert recalled("OP3", every) is None


def _recalled(*facts: Fact) -> Explanation:
    found = recalled("OP2", operation(*facts))
    assert found is not None
    return found


def test_what_no_verdict_was_given_on_is_told_by_the_trouble_it_met() -> None:
    trouble = finding("prepare", Result.FAIL)
    prepared = Observed(step(Phase.PREPARE, V2), (finding("prepare", host="web2"), trouble))
    found = _recalled(started(), prepared, Ended(Outcome.ABANDONED, LIVE, (), "prepare failed"))
    assert (found.verdict, found.back) == (Verdict(Grade.UNKNOWN, "prepare failed", (trouble,)), None)


def test_what_was_red_before_is_told_of_a_refusal() -> None:
    found = _recalled(started(), Observed(None, (finding(), FAILED)), Ended(Outcome.REFUSED, LIVE, (), "red"))
    assert found.verdict == Verdict(Grade.UNKNOWN, "red", (FAILED,))


def test_a_way_back_that_could_not_be_verified_is_told_with_what_it_met() -> None:
    again = Observed(step(Phase.VERIFY, V1), (FAILED,))
    facts = (started(), Judged(V2, BAD), Intended(step(Phase.ACTIVATE, V1)), again)
    found = _recalled(*facts, Ended(Outcome.STRANDED, LIVE, (), "v1 could not be verified"))
    assert found.back == Verdict(Grade.UNKNOWN, "v1 could not be verified", (FAILED,))


def test_a_later_doubt_does_not_hide_what_was_found() -> None:
    """The release before fails the same check: it is bad no more, and what spoke against it is still told."""
    doubt = Verdict(Grade.UNKNOWN, "v1 fails the same check (login)")
    facts = (started(), Judged(V2, BAD), Intended(step(Phase.ACTIVATE, V1)), Judged(V2, doubt))
    assert _recalled(*facts, Ended(Outcome.STRANDED, LIVE, (), doubt.rule)).verdict == BAD


def test_bringing_the_fallback_first_is_no_way_back() -> None:
    brought = Intended(step(Phase.UPLOAD, V1))
    found = _recalled(started(), brought, Judged(V2, GOOD), Ended(Outcome.DONE, (("web1", V2.id),)))
    assert (found.back, found.went_back) == (None, False)


def test_a_rollback_leads_to_its_own_target() -> None:
    mine = operation(started(Kind.ROLLBACK, V1, None), Judged(V1, GOOD), Ended(Outcome.DONE, LIVE))
    found = recalled("OP2", [judged(1, V1), judged(2, V2, Grade.BAD), *mine])
    assert found is not None
    assert found.back_to == Standing(V1, Grade.GOOD, at(1), "by a test")
    assert [one.release for one, _ in found.skipped] == [V2]


@pytest.mark.parametrize(("live", "back"), [(V1.id, V1), (V2.id, None), ("foreign", None), (None, None)])
def test_where_a_gate_went_back_to_is_told_by_what_is_live_then(live: str | None, back: Release | None) -> None:
    gate = operation(
        Observed(step(Phase.VERIFY, V2), (FAILED,)), Judged(V2, BAD), Ended(Outcome.LEFT, (("web1", live),), (), "off")
    )
    found = recalled("OP2", [*operation(started(target=V1, fallback=None), start=1, name="OP1"), *gate])
    assert found is not None
    assert (found.what, found.target, found.fallback, found.verdict) == (GATE, V2, back, BAD)


@pytest.mark.parametrize(
    "facts", [(Marked(V1, Grade.BAD, "slow"),), (Judged(V1, GOOD),), (Ended(Outcome.DONE),)], ids=str
)
def test_what_judged_nothing_or_did_not_end_has_no_explanation(facts: tuple[Fact, ...]) -> None:
    assert recalled("OP2", operation(*facts)) is None


@pytest.mark.parametrize(
    ("what", "outcome", "grade", "went", "restored"),
    [
        (GATE, Outcome.ROLLED_BACK, Grade.BAD, True, V1),
        (GATE, Outcome.PARTIAL, Grade.BAD, True, V1),
        (GATE, Outcome.PARTIAL, Grade.GOOD, False, None),
        (GATE, Outcome.LEFT, Grade.BAD, False, None),
        (Kind.ROLLBACK, Outcome.DONE, Grade.GOOD, False, V2),
        (Kind.ROLLBACK, Outcome.STRANDED, Grade.BAD, False, None),
    ],
)
def test_what_went_back_and_what_is_restored(
    what: str, outcome: Outcome, grade: Grade, went: bool, restored: Release | None
) -> None:
    why = Explanation(what, "production", outcome, Verdict(grade, ""), target=V2, fallback=V1)
    assert (why.went_back, why.restored) == (went, restored)
