from __future__ import annotations

import pytest

from rollback.core.replay import Rule, replay, watched
from rollback.errors import Refused
from rollback.model import Fact, Grade, Intended, Judged, Limits, Observed, Phase, Record, Result, Step, Verdict
from tests.build import V1, V2, finding, record

STRICT, LENIENT = Rule(Limits(), True), Rule(Limits(failure=2), True)
FAILED = finding(result=Result.FAIL)
BAD = Verdict(Grade.BAD, "login: 1 failure > limit 0")
VERIFY, ACTIVATE = Step(Phase.VERIFY, V2, ("web1",)), Step(Phase.ACTIVATE, V2, ("web1",))


def records(*facts: Fact) -> list[Record]:
    return [record(second, fact) for second, fact in enumerate(facts)]


FACTS = (Intended(ACTIVATE), Intended(VERIFY), Observed(VERIFY, (FAILED, finding())), Judged(V2, BAD))


def test_the_same_limits_give_the_same_verdict() -> None:
    found = replay(V2, records(*FACTS), {"login": STRICT})
    assert (found.was, found.now.grade, found.now.rule, found.cut_short) == (BAD, Grade.BAD, BAD.rule, False)


def test_other_limits_may_give_another_one() -> None:
    found = replay(V2, records(*FACTS), {"login": LENIENT})
    assert (found.was, found.now.grade, found.cut_short) == (BAD, Grade.GOOD, True)


def test_what_only_warns_today_condemns_nothing() -> None:
    facts = (Observed(VERIFY, (FAILED, finding("me"))),)
    found = replay(V2, records(*facts), {"login": Rule(Limits(), False), "me": STRICT})
    assert (found.was, found.now.grade, found.cut_short) == (None, Grade.GOOD, False)


def test_checks_that_came_and_went_are_named() -> None:
    rules = {"me": STRICT, "new": STRICT, "extra": Rule(Limits(), False)}
    facts = (Observed(VERIFY, (FAILED, finding("me"), finding("reach"))), Judged(V1, BAD))
    found = replay(V2, records(*facts), rules)
    assert (found.now.grade, found.gone, found.unasked) == (Grade.GOOD, ("login",), ("new",))


def test_a_host_that_could_not_be_asked_counts_as_it_did() -> None:
    facts = (Observed(VERIFY, (finding(), finding("reach", Result.ERROR, "web2"))),)
    assert replay(V2, records(*facts), {"login": STRICT}).now.grade is Grade.UNKNOWN


def test_what_the_watch_found_is_judged_again_too() -> None:
    watch = Step(Phase.WATCH, V2, ("web1",))
    facts = (Observed(VERIFY, (finding(),)), Intended(watch), Observed(watch, (FAILED,)), Judged(V2, BAD))
    mine = records(*facts)
    assert watched(mine)
    assert not watched(records(Observed(VERIFY, (finding(),))))
    assert replay(V2, mine, {"login": STRICT}).now.grade is Grade.BAD
    assert replay(V2, mine, {"login": Rule(Limits(failure=1), True)}).now.grade is Grade.GOOD


def test_what_was_red_before_the_deploy_condemns_nothing() -> None:
    facts = (Observed(None, (FAILED,)), *FACTS, Observed(VERIFY, (finding("me"),)))
    assert replay(V2, records(*facts), {"login": STRICT, "me": STRICT}).now.grade is Grade.GOOD


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ((Judged(V2, BAD),), "nothing was verified there of v2: there is nothing to judge again"),
        ((Observed(Step(Phase.VERIFY, V1, ("web1",)), (FAILED,)),), "nothing was verified there of v2"),
        ((*FACTS, Intended(ACTIVATE)), "v2 did not fail a check, but could not be switched on: no limit changes that"),
    ],
)
def test_where_nothing_was_asked_there_is_nothing_to_judge(facts: tuple[Fact, ...], said: str) -> None:
    with pytest.raises(Refused, match=said):
        replay(V2, records(*facts), {"login": STRICT})
