from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.core import plan as planning
from rollback.core.fallback import candidates
from rollback.core.plan import Known, recovery, touched
from rollback.core.rollout import Rollout, waves
from rollback.errors import Refused, TagMoved, Unreachable
from rollback.model import Grade, Intent, Kind, Marked, Phase, Plan, Record, Step, Withdrawn
from tests.build import V1, V2, V3, judged, known, record, release, sighting

GOOD_V1 = known(judged(1, V1))
CANARY = Rollout(canary=1, batch=1)
U, P, A, V = Phase.UPLOAD, Phase.PREPARE, Phase.ACTIVATE, Phase.VERIFY


def test_a_deploy_uploads_where_it_lacks_and_switches_wave_by_wave() -> None:
    seen = [sighting("web1"), sighting("web2", present=(V1, V2, V3)), sighting("web3")]
    assert planning.deploy(V3, seen, GOOD_V1, CANARY) == Plan(
        Kind.DEPLOY,
        V3,
        V1,
        (
            Step(U, V3, ("web1", "web3")),
            Step(P, V3, ("web1", "web3")),
            Step(A, V3, ("web1",)),
            Step(V, V3, ("web1",)),
            Step(A, V3, ("web2",)),
            Step(V, V3, ("web2",)),
            Step(A, V3, ("web3",)),
            Step(V, V3, ("web3",)),
        ),
        (("web1", V1.id), ("web2", V1.id), ("web3", V1.id)),
        batch=1,
    )


def test_a_deploy_of_what_is_live_everywhere_only_verifies_it() -> None:
    plan = planning.deploy(V1, [sighting("web1"), sighting("web2")], GOOD_V1, CANARY)
    assert plan.steps == (Step(V, V1, ("web1", "web2")),)


def test_a_deploy_of_what_is_live_but_unfinished_switches_again() -> None:
    unfinished = Intent("OP0", 1, V2.id, V1.id, "switched")
    plan = planning.deploy(V1, [sighting("web1", intent=unfinished)], known(judged(1, V2)), Rollout())
    assert plan.steps == (Step(A, V1, ("web1",)), Step(V, V1, ("web1",)))


@pytest.mark.parametrize(
    ("canary", "batch", "expected"),
    [
        (0, 0, ("abcde",)),
        (1, 0, ("a", "bcde")),
        (1, 2, ("a", "bc", "de")),
        (2, 2, ("ab", "cd", "e")),
        (9, 1, ("abcde",)),
        (0, 9, ("abcde",)),
    ],
)
def test_waves(canary: int, batch: int, expected: tuple[str, ...]) -> None:
    assert waves("abcde", Rollout(canary, batch)) == tuple(tuple(group) for group in expected)


@given(st.lists(st.text(min_size=1), unique=True), st.integers(0, 9), st.integers(0, 9))
def test_waves_take_every_host_once_and_in_order(hosts: list[str], canary: int, batch: int) -> None:
    groups = waves(hosts, Rollout(canary, batch))
    assert [host for group in groups for host in group] == hosts
    assert all(groups)


def test_a_first_release_goes_out_with_no_way_back() -> None:
    plan = planning.deploy(V1, [sighting("web1", live=None, present=())], known(), Rollout())
    assert plan.fallback is None
    assert plan.live == (("web1", None),)


REFUSALS = {
    "a host is away": ((V3, [sighting("web1"), sighting("web2", problem="refused")], GOOD_V1), "web2: refused"),
    "the commit is bad": ((V3, [sighting("web1")], known(judged(1, V1), judged(2, V3, Grade.BAD))), "is bad since"),
    "the live release was never verified": ((V3, [sighting("web1")], known()), "no fallback: v1-"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_deploy_is_refused_when(name: str) -> None:
    (target, seen, knowing), sentence = REFUSALS[name]
    with pytest.raises(Refused, match=sentence):
        planning.deploy(target, seen, knowing, Rollout())


def test_a_moved_tag_is_refused_with_both_commits_unless_forced() -> None:
    moved = release("v2", "b" * 40)
    knowing = Known(GOOD_V1.standings, {"v2": V2})
    with pytest.raises(TagMoved, match=rf"{V2.commit[:12]}.*{'b' * 12}"):
        planning.deploy(moved, [sighting("web1")], knowing, Rollout())
    assert planning.deploy(moved, [sighting("web1")], knowing, Rollout(), force=True).target == moved


def test_what_every_host_has_is_the_fallback_before_what_only_some_have() -> None:
    seen = [sighting("web1", V3, (V1, V2, V3)), sighting("web2", V3, (V1, V3))]
    knowing = known(judged(1, V1), judged(2, V2), judged(3, V3))
    assert planning.rollback(None, seen, knowing, CANARY).target == V1


def test_a_bad_release_that_is_live_may_be_replaced_without_a_fallback() -> None:
    plan = planning.deploy(V3, [sighting("web1")], known(judged(1, V1, Grade.BAD)), Rollout())
    assert plan.fallback is None


def test_a_rollback_goes_to_the_newest_known_good_that_is_not_live() -> None:
    knowing = known(judged(1, V3), judged(2, V2), judged(3, V1))
    plan = planning.rollback(None, [sighting("web1", present=(V1, V2, V3))], knowing, CANARY)
    assert (plan.target, plan.fallback) == (V2, None)
    assert plan.steps == (Step(A, V2, ("web1",)), Step(V, V2, ("web1",)))


def test_a_rollback_has_no_canary_and_keeps_the_batch() -> None:
    seen = [sighting(host) for host in ("web1", "web2", "web3")]
    plan = planning.rollback(V2, seen, known(judged(1, V2)), Rollout(canary=1, batch=2))
    assert [step.hosts for step in plan.steps if step.phase is A] == [("web1", "web2"), ("web3",)]


def test_hosts_that_are_away_are_pending_in_a_rollback() -> None:
    seen = [sighting("web1"), sighting("web2", problem="timed out")]
    plan = planning.rollback(None, seen, known(judged(1, V2), judged(2, V1)), Rollout())
    assert plan.pending == ("web2",)
    assert plan.live == (("web1", V1.id),)


def test_a_rollback_with_no_host_in_reach_says_what_is_wrong_with_each() -> None:
    seen = [sighting("web1", problem="refused"), sighting("web2", problem="web2 (port 22) does not answer.")]
    with pytest.raises(Unreachable, match=r"^web1: refused; web2 \(port 22\) does not answer$"):
        planning.rollback(None, seen, GOOD_V1, Rollout())


def test_of_many_hosts_that_are_away_what_is_wrong_is_said_once() -> None:
    alike = [sighting(f"web{number}", problem="timed out") for number in range(1, 101)]
    seen = [*alike, *(sighting(f"db{number}", problem=f"refused on port {number}") for number in range(1, 9))]
    with pytest.raises(Unreachable, match=r"^web1 .* web6 and 94 more: timed out; db1: .*; and 3 more problems$"):
        planning.rollback(None, seen, GOOD_V1, Rollout())


def test_drift_is_rolled_back_to_one_release_even_if_it_is_live_somewhere() -> None:
    seen = [sighting("web1", live=V2), sighting("web2", live=V1)]
    assert planning.rollback(None, seen, GOOD_V1, Rollout()).target == V1


def test_rolling_back_twice_goes_further_back_and_then_is_refused() -> None:
    everything = (V1, V2, V3)
    first = (judged(1, V1), judged(2, V2), judged(3, V3))
    one = planning.rollback(None, [sighting("web1", V3, everything)], known(*first), Rollout())
    second = (*first, judged(4, V2), record(5, Withdrawn(V3)))
    two = planning.rollback(None, [sighting("web1", V2, everything)], known(*second), Rollout())
    third = (*second, judged(6, V1), record(7, Withdrawn(V2)))
    assert (one.target, two.target) == (V2, V1)
    with pytest.raises(Refused, match=r"nothing to go back to.*v2: rolled back by ada; v3: rolled back by ada"):
        planning.rollback(None, [sighting("web1", V1, everything)], known(*third), Rollout())


def test_a_rollback_to_a_bad_release_is_refused_unless_forced() -> None:
    knowing = known(record(1, Marked(V2, Grade.BAD, "it eats data")))
    with pytest.raises(Refused, match="marked bad by ada: it eats data"):
        planning.rollback(V2, [sighting("web1")], knowing, Rollout())
    assert planning.rollback(V2, [sighting("web1")], knowing, Rollout(), force=True).target == V2


def test_nothing_known_leaves_nothing_to_go_back_to() -> None:
    with pytest.raises(Refused, match=r"nothing to go back to: no other known-good release is on the hosts$"):
        planning.rollback(None, [sighting("web1")], known(), Rollout())


def test_candidates_say_why_they_are_skipped() -> None:
    unknown, lacking = release("v4"), release("v5")
    knowing = known(judged(1, V1), judged(2, V2, Grade.BAD), judged(3, unknown, Grade.UNKNOWN), judged(4, lacking))
    found = candidates([sighting("web1", V3, (V1, V2, unknown))], knowing.standings, besides=V3)
    assert [(one.release.tag, why) for one, why in found] == [
        ("v5", "not complete on web1"),
        ("v4", "never verified"),
        ("v2", "by a test"),
        ("v1", ""),
    ]


def test_recovery_takes_touched_hosts_to_the_fallback_and_verifies_them() -> None:
    plan = planning.deploy(V3, [sighting("web1"), sighting("web2"), sighting("web3")], GOOD_V1, CANARY)
    attempted = plan.steps[:5]
    assert touched(plan, attempted) == ("web1", "web2")
    assert recovery(plan, attempted) == (
        Step(A, V1, ("web1",)),
        Step(V, V1, ("web1",)),
        Step(A, V1, ("web2",)),
        Step(V, V1, ("web2",)),
    )


def test_there_is_no_recovery_from_nothing_or_to_nothing() -> None:
    plan = planning.deploy(V3, [sighting("web1")], GOOD_V1, CANARY)
    assert recovery(plan, plan.steps[:2]) == ()
    first = planning.deploy(V1, [sighting("web1", None, ())], known(), CANARY)
    assert recovery(first, first.steps) == ()


def test_equal_plans_mean_equal_work() -> None:
    seen = [sighting("web1"), sighting("web2")]
    assert planning.deploy(V3, seen, GOOD_V1, CANARY) == planning.deploy(V3, list(seen), GOOD_V1, CANARY)
    moved_on = [sighting("web1"), sighting("web2", live=V2)]
    assert planning.deploy(V3, seen, GOOD_V1, CANARY) != planning.deploy(V3, moved_on, GOOD_V1, CANARY)


@pytest.mark.parametrize("records", [(), (judged(1, V3, Grade.UNKNOWN),)])
def test_a_rollback_goes_only_to_what_was_verified_here_unless_forced(records: tuple[Record, ...]) -> None:
    with pytest.raises(Refused, match="v3 was never verified here") as refused:
        planning.rollback(V3, [sighting("web1")], known(*records), Rollout())
    assert refused.value.hint == "rollback deploy v3; or rollback --to v3 --force"
    assert planning.rollback(V3, [sighting("web1")], known(*records), Rollout(), force=True).target == V3
