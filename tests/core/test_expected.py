from __future__ import annotations

from rollback.core import plan as planning
from rollback.core.expected import Expected, Rehearsal, expected, rehearsed, way_back
from rollback.core.rollout import Rollout
from rollback.model import Drilled, Ended, Fact, Intended, Kind, Observed, Outcome, Phase, Record, Started, Step
from tests.build import V1, V2, V3, at, judged, known, record, sighting

GOOD = known(judged(1, V1))
SEEN = [sighting("web1"), sighting("web2"), sighting("web3")]


def told(
    operation: str, start: float, outcome: Outcome, *steps: tuple[Phase, float], kind: Kind = Kind.DEPLOY
) -> list[Record]:
    """It starts; after a second come its steps, each so many seconds long."""
    facts: list[tuple[float, Fact]] = [(start, Started(kind, V2, V1, ("web1", "web2")))]
    now = start + 1
    for number, (phase, seconds) in enumerate(steps):
        step = Step(phase, V2, (f"web{number}",))
        facts += [(now, Intended(step)), (now + seconds, Observed(step, ()))]
        now += seconds
    return [record(second, fact, operation) for second, fact in [*facts, (now, Ended(outcome))]]


A, V, U, P = Phase.ACTIVATE, Phase.VERIFY, Phase.UPLOAD, Phase.PREPARE
DEPLOYED = told("OP1", 10, Outcome.DONE, (U, 2), (P, 3), (A, 1), (V, 4), (A, 2), (V, 6))


def test_nothing_is_said_before_anything_was_measured() -> None:
    plan = planning.deploy(V3, SEEN, GOOD, Rollout())
    assert expected(plan, []) is None
    assert expected(plan, told("OP1", 10, Outcome.DONE, (A, 1), (V, 4))) is None  # what preparing takes is not known
    assert expected(plan, told("OP1", 10, Outcome.STRANDED, (U, 2), (P, 3), (A, 1), (V, 4))) is None


def test_each_step_takes_what_it_took_and_waiting_takes_what_the_plan_says() -> None:
    plan = planning.deploy(V3, SEEN, GOOD, Rollout(canary=1, batch=2, pause=60.0, watch=30.0))
    assert expected(plan, DEPLOYED) == Expected(1 + 2 + 3 + 2 * (1.5 + 5) + 60 + 30, 2, "deploy v2", at(10))


def test_the_newest_operation_counts_and_what_it_did_not_do_an_older_one_tells() -> None:
    plan = planning.deploy(V3, SEEN, GOOD, Rollout())
    back = told("OP2", 100, Outcome.ROLLED_BACK, (A, 7), (V, 8))
    failed = told("OP3", 200, Outcome.ABANDONED, (U, 500))
    older = told("OP0", 1, Outcome.DONE, (U, 900))
    preflight = record(10.5, Observed(None, ()), "OP1")
    assert expected(plan, [*older, *DEPLOYED, preflight, judged(0, V1), *back, *failed]) == Expected(
        1 + 2 + 3 + 7 + 8, 1, "deploy v2", at(100)
    )


def test_a_rollback_takes_its_waves_as_deploys_rollbacks_and_drills_took_theirs() -> None:
    assert way_back(3, DEPLOYED) == Expected(1 + 3 * (1.5 + 5), 3, "deploy v2", at(10))
    drilled = told("OP2", 100, Outcome.DONE, (A, 7), (V, 8), kind=Kind.DRILL)
    undone = told("OP3", 200, Outcome.DONE, (A, 70), (V, 80), kind=Kind.RESUME)
    idle = told("OP4", 300, Outcome.DONE)
    assert way_back(1, [*DEPLOYED, *drilled, *undone, *idle]) == Expected(16, 1, "drill v2", at(100))
    assert way_back(1, undone) is None


def test_the_last_drill_is_the_one_that_is_quoted() -> None:
    first, last = record(0, Drilled(9.0, 10, 1)), record(5, Drilled(2.0, 10, 0))
    assert rehearsed([last, first, record(9, Ended(Outcome.DONE))]) == Rehearsal(last.at, Drilled(2.0, 10, 0))
    assert rehearsed([]) is None
