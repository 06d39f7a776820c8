"""What counts as a deployment, which of them failed, and when that was over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.core.deployments import Deployment, WayBack, deployments, wanting
from rollback.model import (
    Ended,
    Fact,
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
    Reverted,
    Started,
    Step,
    Verdict,
    Watched,
    Withdrawn,
)
from tests.build import V1, V2, V3, at, finding, record

V4 = Release("v4", "4" * 40, "7" * 40)


def step(phase: Phase, of: Release) -> Step:
    return Step(phase, of, ("web1",))


def operation(begin: float, *facts: Fact, author: str = "ada") -> list[Record]:
    """A second between two facts; its name sorts by its begin."""
    return [record(begin + place, fact, f"OP{begin:06}", author) for place, fact in enumerate(facts)]


def started(kind: Kind, target: Release, fallback: Release | None = V1) -> Started:
    return Started(kind, target, fallback, ("web1",))


def verdict(of: Release, grade: Grade) -> Judged:
    return Judged(of, Verdict(grade, "by a test"))


def deployed(begin: float, target: Release, *, author: str = "ada", ended: Outcome = Outcome.DONE) -> list[Record]:
    """Switched a second after it begins, and ended at the third."""
    facts = (Intended(step(Phase.ACTIVATE, target)), verdict(target, Grade.GOOD), Ended(ended))
    return operation(begin, started(Kind.DEPLOY, target), *facts, author=author)


def undone(begin: float, target: Release, fallback: Release = V1) -> list[Record]:
    """Fails at second 2, goes back at 3, is back at 4 and verified at 5."""
    return operation(
        begin,
        started(Kind.DEPLOY, target, fallback),
        Intended(step(Phase.ACTIVATE, target)),
        Observed(step(Phase.VERIFY, target), (finding(result=Result.FAIL, second=begin + 2),)),
        Intended(step(Phase.ACTIVATE, fallback)),
        Observed(step(Phase.ACTIVATE, fallback), (finding("activate"),)),
        Observed(step(Phase.VERIFY, fallback), (finding(),)),
        verdict(target, Grade.BAD),
        Ended(Outcome.ROLLED_BACK),
    )


def rolled_back(begin: float, left: Release, target: Release = V1) -> list[Record]:
    """By hand: back at 3, verified at 4, ended at 5."""
    return operation(
        begin,
        started(Kind.ROLLBACK, target, None),
        Withdrawn(left),
        Intended(step(Phase.ACTIVATE, target)),
        Observed(step(Phase.ACTIVATE, target), (finding("activate"),)),
        Observed(step(Phase.VERIFY, target), (finding(),)),
        Ended(Outcome.DONE),
    )


def made(begin: float, target: Release, *, failed: bool | None = False, ended: float | None = 3) -> Deployment:
    end = at(begin + ended) if ended is not None else None
    return Deployment(f"OP{begin:06}", "production", "ada", target, at(begin + 1), end, failed)


def test_a_deploy_that_went_well_is_a_deployment() -> None:
    assert deployments(deployed(10, V2)) == ((made(10, V2),), ())


@pytest.mark.parametrize("outcome", [Outcome.ABANDONED, Outcome.REFUSED, Outcome.INTERRUPTED])
def test_what_switched_nothing_is_none(outcome: Outcome) -> None:
    records = operation(10, started(Kind.DEPLOY, V2), Intended(step(Phase.PREPARE, V2)), Ended(outcome))
    assert deployments(records) == ((), ())


def test_a_switch_that_was_certainly_not_made_is_none() -> None:
    refused = Observed(step(Phase.ACTIVATE, V2), (finding("activate", Result.SKIPPED),))
    records = operation(
        10, started(Kind.DEPLOY, V2), Intended(step(Phase.ACTIVATE, V2)), refused, Ended(Outcome.FENCED)
    )
    assert deployments(records) == ((), ())


def test_one_that_rolled_itself_back_failed_and_recovered_and_tells_its_parts() -> None:
    parts = (("detect", 1.0), ("decide", 1.0), ("execute", 1.0), ("verify", 1.0))
    failed = replace(made(10, V2, failed=True, ended=7), recovered=at(15))
    assert deployments(undone(10, V2)) == ((failed,), (WayBack("OP000010", "production", "ada", at(10), parts),))


@pytest.mark.parametrize("outcome", [Outcome.LEFT, Outcome.STRANDED])
def test_one_that_was_left_failed_until_the_next_that_is_good(outcome: Outcome) -> None:
    records = [*deployed(10, V2, ended=outcome), *deployed(20, V3)]
    first = replace(made(10, V2, failed=True), recovered=at(23), elsewhere=True)
    assert deployments(records)[0] == (first, replace(made(20, V3), rework=True))


def test_a_failed_one_is_not_recovered_from_by_the_same_commit_again() -> None:
    records = [*deployed(10, V2, ended=Outcome.LEFT), *deployed(20, V2), *deployed(30, V2), *deployed(40, V1)]
    assert [one.recovered for one in deployments(records)[0]] == [at(43), None, None, None]


def test_a_failed_one_that_nothing_follows_is_open() -> None:
    records = [*deployed(10, V1), *deployed(20, V2, ended=Outcome.STRANDED)]
    assert deployments(records)[0] == (made(10, V1), made(20, V2, failed=True))


def test_one_that_is_rolled_back_by_hand_failed() -> None:
    found, ways = deployments([*deployed(10, V2), *rolled_back(100, V2)])
    assert found == (replace(made(10, V2, failed=True), recovered=at(105), elsewhere=True),)
    assert ways == (WayBack("OP000100", "production", "ada", at(100), (("execute", 3.0), ("verify", 1.0))),)


@pytest.mark.parametrize(
    "said", [Watched(V2, Grade.BAD, "login"), verdict(V2, Grade.BAD), Marked(V2, Grade.BAD, "people say so")]
)
def test_a_rollback_by_hand_was_detected_when_somebody_first_said_so(said: Fact) -> None:
    records = [*deployed(10, V2), *operation(50, said), *operation(60, said), *rolled_back(100, V2)]
    (way,) = deployments(records)[1]
    assert way.parts == (("detect", 39.0), ("decide", 50.0), ("execute", 3.0), ("verify", 1.0))


def test_what_was_said_before_it_was_deployed_again_detects_nothing() -> None:
    records = [*operation(5, Marked(V2, Grade.BAD, "x")), *deployed(10, V2), *rolled_back(100, V2)]
    assert [name for name, _ in deployments(records)[1][0].parts] == ["execute", "verify"]


def test_a_rollback_of_what_nobody_saw_deployed_tells_what_it_can() -> None:
    records = [*operation(5, Watched(V2, Grade.BAD, "x")), *rolled_back(100, V2)]
    assert [name for name, _ in deployments(records)[1][0].parts] == ["execute", "verify"]


def test_a_rollback_that_names_nothing_that_it_left_tells_what_it_can() -> None:
    records = [one for one in rolled_back(100, V2) if not isinstance(one.fact, Withdrawn)]
    assert [name for name, _ in deployments(records)[1][0].parts] == ["execute", "verify"]


def test_a_rollback_that_switched_nothing_condemns_nothing() -> None:
    refused = operation(100, started(Kind.ROLLBACK, V1, None), Withdrawn(V2), Ended(Outcome.REFUSED))
    assert deployments([*deployed(10, V2), *refused]) == ((made(10, V2),), ())


@pytest.mark.parametrize(
    ("ended", "later", "failed"),
    [
        (Outcome.HELD, (), None),
        (Outcome.HELD, (Marked(V2, Grade.GOOD, "x"),), False),
        (Outcome.HELD, (Marked(V2, Grade.UNKNOWN, "x"),), None),
        (Outcome.HELD, (verdict(V2, Grade.GOOD),), False),
        (Outcome.HELD, (verdict(V2, Grade.UNKNOWN),), None),
        (Outcome.HELD, (Watched(None, Grade.BAD, "the hosts differ"),), None),
        (Outcome.HELD, (Watched(V2, Grade.GOOD, "x"),), None),
        (Outcome.DONE, (Marked(V2, Grade.BAD, "x"),), True),
        (Outcome.DONE, (Watched(V2, Grade.BAD, "for a while"),), False),
        (Outcome.LEFT, (Marked(V2, Grade.GOOD, "x"),), True),
        (Outcome.PARTIAL, (), False),
        (Outcome.FENCED, (), None),
    ],
)
def test_the_last_that_anybody_knows_of_it_counts(ended: Outcome, later: tuple[Fact, ...], failed: bool | None) -> None:
    records = [*deployed(10, V2, ended=ended), *(one for fact in later for one in operation(50, fact))]
    assert [one.failed for one in deployments(records)[0]] == [failed]


def test_one_that_was_cut_off_is_unknown_and_the_host_that_took_it_off_says_that_it_failed() -> None:
    cut = operation(10, started(Kind.DEPLOY, V2), Intended(step(Phase.ACTIVATE, V2)))
    assert deployments(cut)[0] == (made(10, V2, failed=None, ended=None),)
    assert deployments([*cut, record(14, Reverted(V2, "web1"), "OP000010")])[0][0].failed is True


def test_a_partial_one_that_is_bad_is_recovered_from_where_hosts_answer() -> None:
    records = undone(10, V2)
    records[-1] = record(17, Ended(Outcome.PARTIAL, pending=("web2",)), "OP000010")
    assert deployments(records)[0] == (replace(made(10, V2, failed=True, ended=7), recovered=at(15)),)


def test_a_way_back_without_a_known_fallback_or_findings_counts_from_its_end() -> None:
    facts = (Intended(step(Phase.ACTIVATE, V2)), verdict(V2, Grade.BAD), Ended(Outcome.ROLLED_BACK))
    records = operation(10, started(Kind.DEPLOY, V2, None), *facts)
    assert deployments(records)[0] == (replace(made(10, V2, failed=True), recovered=at(13)),)


def test_a_drill_is_none_and_a_resume_can_be_the_recovery() -> None:
    drill = [
        replace(one, fact=started(Kind.DRILL, V1)) if isinstance(one.fact, Started) else one for one in deployed(5, V1)
    ]
    resumed = (started(Kind.RESUME, V1, None), Intended(step(Phase.ACTIVATE, V1)), Ended(Outcome.DONE))
    records = [*drill, *deployed(10, V2, ended=Outcome.STRANDED), *operation(20, *resumed)]
    assert deployments(records) == (
        (replace(made(10, V2, failed=True), recovered=at(22), elsewhere=True),),
        (),
    )


def test_the_order_in_which_records_come_does_not_matter() -> None:
    records = [*deployed(10, V2), *rolled_back(100, V2), *undone(200, V3), *deployed(300, V4)]
    assert deployments(records) == deployments(reversed(records))
    assert [one.rework for one in deployments(records)[0]] == [False, True, True]


def test_one_that_goes_out_before_the_one_before_it_is_known_to_have_failed_is_no_rework() -> None:
    records = [*deployed(10, V2), *deployed(20, V3), *operation(30, Marked(V2, Grade.BAD, "x")), *deployed(40, V4)]
    assert [(one.failed, one.rework) for one in deployments(records)[0]] == [
        (True, False),
        (False, False),
        (False, False),
    ]


def test_findings_are_wanted_only_of_what_did_not_simply_go_well() -> None:
    records = [
        *deployed(10, V2),
        *deployed(20, V2, ended=Outcome.HELD),
        *operation(30, started(Kind.DEPLOY, V3)),
        *rolled_back(100, V2),
        *deployed(120, V3),
        *deployed(130, V3),
        *deployed(140, V4),
        *operation(150, Marked(V4, Grade.BAD, "x"), Watched(None, Grade.BAD, "x")),
    ]
    assert wanting(records) == {*(f"OP{begin:06}" for begin in (10, 20, 30, 100, 130, 140, 150))}


def test_what_is_not_wanted_may_be_left_out() -> None:
    records = [*deployed(10, V2), *deployed(20, V3), *rolled_back(100, V3), *deployed(200, V4), *undone(300, V2)]
    wanted = wanting(records)
    told = [one for one in records if one.operation in wanted or isinstance(one.fact, Started | Ended)]
    whole, part = deployments(records), deployments(told)
    assert len(told) < len(records)
    assert [replace(one, began=at(0)) for one in part[0]] == [replace(one, began=at(0)) for one in whole[0]]
    assert part[1] == whole[1]


def test_a_deploy_that_found_its_release_live_and_switched_nothing_is_none() -> None:
    verified = (Intended(step(Phase.VERIFY, V2)), verdict(V2, Grade.GOOD), Ended(Outcome.DONE))
    assert deployments(operation(10, started(Kind.DEPLOY, V2), *verified)) == ((), ())
