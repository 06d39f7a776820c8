"""Which migrations lie between releases, and which ways back they bar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.core import plan as planning
from rollback.core.barrier import (
    between_live_and,
    crossed,
    is_decided,
    is_run,
    recorded,
    require_no_barrier,
    since_live,
    weighed,
)
from rollback.core.left import NO_REST, Left, Rest
from rollback.core.plan import recovery
from rollback.core.rollout import Rollout
from rollback.errors import Refused
from rollback.model import Between, Grade, Kind, Migration, Phase, Plan, Record, Release, Result, Step
from tests.build import V1, V2, V3, judged, known, record, release, sighting

V4 = release("v4")
A, B, C = Migration("a", "1"), Migration("b", "2"), Migration("c", "3", irreversible=True)
RELEASES = {one.id: one for one in (V1, V2, V3, V4)}
TOLD = (
    record(1, Between(None, V1, (A,))),
    record(2, Between(V1, V2, (B,))),
    record(3, Between(V2, V3, (C,))),
)
BY_RECORDS = recorded(TOLD)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (V1, V2, Between(V1, V2, (B,))),
        (V2, V1, Between(V2, V1, (), (B,))),
        (V1, V3, Between(V1, V3, (B, C))),
        (V3, V1, Between(V3, V1, (), (B, C))),
        (V1, V1, Between(V1, V1)),
        (V4, V1, Between(V4, V1, known=False)),
        (V1, V4, Between(V1, V4, known=False)),
    ],
)
def test_what_was_recorded_is_joined_in_both_directions(old: Release, new: Release, expected: Between) -> None:
    assert BY_RECORDS(old, new) == expected


def test_what_was_added_and_is_gone_again_is_neither() -> None:
    side = recorded((record(1, Between(V1, V2, (B, C))), record(2, Between(V2, V3, (A,), (C,)))))
    assert side(V1, V3) == Between(V1, V3, (A, B))
    assert side(V3, V1) == Between(V3, V1, (), (A, B))


HELD = st.lists(st.frozensets(st.sampled_from((A, B, C, Migration("d", "4"))), max_size=4), min_size=2, max_size=5)


@given(HELD, st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=9))
def test_whatever_the_chain_it_says_what_the_two_releases_differ_in(
    held: list[frozenset[Migration]], deploys: list[tuple[int, int]]
) -> None:
    releases = [release(f"r{number}") for number in range(len(held))]

    def between(old: int, new: int) -> Between:
        added, gone = sorted(held[new] - held[old], key=str), sorted(held[old] - held[new], key=str)
        return Between(releases[old], releases[new], tuple(added), tuple(gone))

    made = [(old % len(held), new % len(held)) for old, new in deploys]
    tell = recorded(record(number, between(*pair)) for number, pair in enumerate(made))
    for old, new in ((0, 1), (1, 0), made[0]):
        found = tell(releases[old], releases[new])
        assert (found == between(old, new)) or not found.known
    assert tell(releases[made[0][0]], releases[made[0][1]]).known


def deploying(target: Release, *live: Release | None, knowing: tuple[Record, ...] = (judged(1, V1),)) -> Plan:
    seen = [sighting(f"web{number}", one, (V1, V2, V3, V4)) for number, one in enumerate(live, 1)]
    return planning.deploy(target, seen, known(*knowing), Rollout(1, 1), force=True)


def test_a_deploy_runs_them_on_the_host_that_is_switched_first_right_before_it() -> None:
    plan = weighed(deploying(V2, V1, V1), RELEASES, BY_RECORDS, run=True)
    assert plan.between == (Between(V1, V2, (B,)),)
    assert plan.steps == (
        Step(Phase.MIGRATE, V2, ("web1",)),
        Step(Phase.ACTIVATE, V2, ("web1",)),
        Step(Phase.VERIFY, V2, ("web1",)),
        Step(Phase.ACTIVATE, V2, ("web2",)),
        Step(Phase.VERIFY, V2, ("web2",)),
    )


RUNS = {
    "something lies between": ((V2, V1, V1), True),
    "what lies between is not known": ((V4, V1, V1), True),
    "nothing is live yet": ((V1, None), True),
    "a new host has nothing, and the others have it": ((V1, V1, None), False),
    "what is live on one host does not have it": ((V2, V2, V1), True),
    "the target has none that what is live has not": ((V1, V2, V2), False),
    "it is live everywhere": ((V2, V2, V2), False),
}


@pytest.mark.parametrize("name", RUNS)
def test_they_are_run_where(name: str) -> None:
    (target, *live), expected = RUNS[name]
    assert target is not None
    plan = weighed(deploying(target, *live), RELEASES, BY_RECORDS, run=True)
    assert any(step.phase is Phase.MIGRATE for step in plan.steps) is expected
    idle = weighed(deploying(target, *live), RELEASES, BY_RECORDS, run=False)
    assert (idle.between, idle.steps) == (plan.between, deploying(target, *live).steps)


def test_what_is_live_and_nobody_knows_lies_nobody_knows_how_far_away() -> None:
    plan = weighed(deploying(V2, V1, knowing=()), {}, BY_RECORDS, run=True)
    assert since_live(plan) == (Between(None, V2, known=False),)
    assert plan.steps[0].phase is Phase.MIGRATE


def test_a_release_that_is_verified_again_has_nothing_to_run() -> None:
    plan = weighed(deploying(V2, V2), RELEASES, lambda old, new: Between(old, new, known=False), run=True)
    assert (plan.between, [step.phase for step in plan.steps]) == ((Between(V1, V2, known=False),), [Phase.VERIFY])


def test_an_irreversible_one_bars_the_way_back_to_a_fallback_that_does_not_know_it() -> None:
    plan = weighed(deploying(V3, V1, V1), RELEASES, BY_RECORDS, run=True)
    assert (plan.barrier, recovery(plan, plan.steps)) == ((C,), ())
    open_ = weighed(deploying(V2, V1, V1), RELEASES, BY_RECORDS, run=True)
    assert (open_.barrier, recovery(open_, open_.steps)) != ((), ())


def test_a_barrier_stands_before_the_fallback_also_when_what_is_live_has_passed_it() -> None:
    """v3 is live and bad: v4, which mends it, has no migration of its own, and v1 is still the fallback."""
    told = recorded((*TOLD, record(4, Between(V3, V4))))
    plan = weighed(deploying(V4, V3, knowing=(judged(1, V1), judged(2, V3, Grade.BAD))), RELEASES, told, run=True)
    assert since_live(plan) == (Between(V3, V4),)
    assert (plan.fallback, plan.barrier, crossed(plan)) == (V1, (C,), ())
    assert [step.phase for step in plan.steps] == [Phase.ACTIVATE, Phase.VERIFY]


def going_back(target: Release, *live: Release) -> Plan:
    seen = [sighting(f"web{number}", one, (V1, V2, V3)) for number, one in enumerate(live, 1)]
    plan = planning.rollback(target, seen, known(judged(1, V1), judged(2, V2), judged(3, V3)), Rollout())
    return weighed(plan, RELEASES, BY_RECORDS, run=True)


@pytest.mark.parametrize(
    ("target", "live", "barred"),
    [(V1, (V2,), ()), (V2, (V3,), (C,)), (V1, (V3, V2), (C,)), (V3, (V1,), ())],
)
def test_a_way_back_runs_nothing_and_crosses_what_its_target_does_not_know(
    target: Release, live: tuple[Release, ...], barred: tuple[Migration, ...]
) -> None:
    plan = going_back(target, *live)
    assert crossed(plan) == barred
    assert all(step.phase is not Phase.MIGRATE for step in plan.steps)


def test_what_bars_the_way_from_what_is_live_is_named_once() -> None:
    assert between_live_and(V2, (V3, V2, V3), BY_RECORDS) == (C,)
    assert between_live_and(V1, (V2, V1), BY_RECORDS) == ()


def test_a_barrier_is_refused_by_name() -> None:
    require_no_barrier(going_back(V1, V2), "")
    with pytest.raises(
        Refused, match=r"^v2 does not know the irreversible migration c, and the database can't"
    ) as said:
        require_no_barrier(going_back(V2, V3), "mend it")
    assert said.value.hint == "mend it"


def left(kind: Kind, target: Release, operation: str = "OP1", migrated: Result | None = None) -> Left:
    hosts = frozenset({"web1"})
    return Left(operation, kind, target, V1, hosts, hosts, migrated=migrated)


def resuming(target: Release, *resumes: str) -> Plan:
    return Plan(Kind.RESUME, target, None, (), (("web1", V3.id),), resumes=resumes)


DECIDED = {
    "a rollback that was cut off": ((left(Kind.ROLLBACK, V1),), NO_REST, resuming(V1, "OP1"), True),
    "a rollback to something else": ((left(Kind.ROLLBACK, V2),), NO_REST, resuming(V1, "OP1"), False),
    "a deploy that was cut off": ((left(Kind.DEPLOY, V3),), NO_REST, resuming(V1, "OP1"), False),
    "a deploy after a rollback": (
        (left(Kind.ROLLBACK, V1), left(Kind.DEPLOY, V3, "OP2")),
        NO_REST,
        resuming(V1, "OP1", "OP2"),
        False,
    ),
    "a host that was away": ((), Rest(V1, Kind.ROLLBACK, frozenset({"web1"})), resuming(V1), True),
    "only an intent was left": ((), NO_REST, resuming(V1), False),
    "a person's own rollback": ((), Rest(V1), Plan(Kind.ROLLBACK, V1, None, (), (("web1", V3.id),)), False),
}


@pytest.mark.parametrize("name", DECIDED)
def test_nobody_is_asked_twice_whether_to_cross(name: str) -> None:
    before, rest, plan, expected = DECIDED[name]
    assert is_decided(plan, before, rest) is expected


@pytest.mark.parametrize(
    ("result", "expected"), [(Result.PASS, True), (Result.FAIL, False), (Result.ERROR, False), (None, False)]
)
def test_what_was_run_is_not_run_again_by_who_finishes_it(result: Result | None, expected: bool) -> None:
    assert is_run(resuming(V3, "OP1"), (left(Kind.DEPLOY, V3, migrated=result),)) is expected
    assert not is_run(resuming(V2, "OP1"), (left(Kind.DEPLOY, V3, migrated=Result.PASS),))
