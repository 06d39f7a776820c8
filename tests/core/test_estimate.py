from __future__ import annotations

from rollback.core.estimate import Estimate, estimate
from rollback.model import Ended, Fact, Intended, Kind, Observed, Outcome, Phase, Record, Release, Started, Step
from tests.build import V1, V2, V3, at, finding, record


def told(operation: str, *facts: tuple[float, Fact]) -> list[Record]:
    return [record(second, fact, operation) for second, fact in facts]


def waves(release: Release, *spans: tuple[float, float]) -> list[tuple[float, Fact]]:
    """Each from its switch to the end of its verification."""
    return [
        pair
        for start, end in spans
        for pair in (
            (start, Intended(Step(Phase.ACTIVATE, release, ("web1",)))),
            (end - 0.1, Observed(Step(Phase.ACTIVATE, release, ("web1",)), (finding("activate"),))),
            (end - 0.1, Intended(Step(Phase.VERIFY, release, ("web1",)))),
            (end, Observed(Step(Phase.VERIFY, release, ("web1",)), (finding(),))),
        )
    ]


def deploy(outcome: Outcome = Outcome.DONE) -> list[Record]:
    """Its slowest wave took 3 s."""
    start = Started(Kind.DEPLOY, V2, V1, ("web1", "web2"))
    return told("OP1", (1, start), *waves(V2, (10, 11), (12, 15)), (20, Ended(outcome)))


def rollback(outcome: Outcome = Outcome.DONE) -> list[Record]:
    """Two waves in 8 s."""
    start = Started(Kind.ROLLBACK, V1, None, ("web1", "web2"))
    return told("OP2", (100, start), *waves(V1, (101, 103), (104, 108)), (109, Ended(outcome)))


def test_before_the_first_deploy_nothing_is_known() -> None:
    assert estimate([], 1, 0.1) is None


def test_a_rollback_that_ended_well_counts_by_its_waves() -> None:
    assert estimate([*deploy(), *rollback()], 3, 0.1) == Estimate(12.0, 3, "rollback v1", at(100), whole=True)


def test_one_that_did_not_end_well_says_nothing() -> None:
    found = estimate([*deploy(), *rollback(Outcome.STRANDED)], 1, 0.0)
    assert found == Estimate(3.0, 1, "deploy v2", at(1), whole=False)


def test_without_one_the_slowest_switch_of_a_deploy_and_the_round_trips_now_are_what_is_known() -> None:
    assert estimate(deploy(), 2, 0.25) == Estimate(7.0, 2, "deploy v2", at(1), whole=False)


def test_an_automatic_rollback_counts_from_when_it_was_decided() -> None:
    start = Started(Kind.DEPLOY, V3, V1, ("web1", "web2"))
    bad = [*waves(V3, (201, 260)), *waves(V1, (300, 302)), (303, Ended(Outcome.ROLLED_BACK))]
    found = estimate([*deploy(), *told("OP3", (200, start), *bad)], 2, 0.1)
    assert found == Estimate(4.0, 2, "deploy v3", at(200), whole=True)


def test_a_drill_is_a_rollback_too_and_the_way_back_from_it_is_not() -> None:
    start = Started(Kind.DRILL, V1, V2, ("web1", "web2"))
    there = told("OP4", (300, start), *waves(V1, (301, 303)), (304, Ended(Outcome.DONE)))
    back = Started(Kind.RESUME, V2, None, ("web1", "web2"))
    here = told("OP5", (310, back), *waves(V2, (311, 319)), (320, Ended(Outcome.DONE)))
    assert estimate([*deploy(), *there, *here], 1, 0.1) == Estimate(3.0, 1, "drill v1", at(300), whole=True)


def test_a_deploy_that_switched_nothing_says_nothing() -> None:
    verified = told("OP1", (1, Started(Kind.DEPLOY, V2, V1, ("web1",))), (20, Ended(Outcome.DONE)))
    assert estimate(verified, 1, 0.1) is None
