from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rollback.core import plan as planning
from rollback.core.resume import before_a_deploy, confirm, resume, undo
from rollback.core.rollout import Rollout
from rollback.errors import Refused
from rollback.model import Grade, Intent, Kind, Outcome, Phase, Plan, Record, Release, Sighting, Step
from tests.build import V1, V2, V3, finding, judged, known, sighting
from tests.core.test_left import ended, intended, observed, started

ALL = Rollout()
GOOD = (judged(0.1, V1), judged(0.2, V2))
U, P, A, V = Phase.UPLOAD, Phase.PREPARE, Phase.ACTIVATE, Phase.VERIFY
EVERY = (V1, V2, V3)
SWITCHED = Intent("A", 7, V2.id, V3.id, "switched")


def cut_off(*touched: str, fallback: bool = True) -> tuple[Record, ...]:
    """A deploy of v3, v2 being live, whose operator was killed after these hosts' switch was intended."""
    begun = started(1, V3, fallback=V2 if fallback else None)
    return (*GOOD, begun, *(intended(2, A, V3, *touched) for _ in touched[:1]))


def seen(host: str, live: Release | None, intent: Intent | None = None) -> Sighting:
    return sighting(host, live, EVERY, intent)


def test_a_deploy_that_was_cut_off_is_undone_on_the_hosts_it_touched() -> None:
    here = [seen("web1", V3, SWITCHED), seen("web2", V2)]
    found = resume(here, known(*cut_off("web1")), ALL)
    assert found == Plan(
        Kind.RESUME,
        V2,
        None,
        (Step(A, V2, ("web1",)), Step(V, V2, ("web1",)), Step(V, V2, ("web2",))),
        (("web1", V3.id), ("web2", V2.id)),
        resumes=("A",),
    )
    assert undo(here, known(*cut_off("web1")), ALL) == found


def test_by_the_hosts_alone_it_goes_to_the_last_known_good_release() -> None:
    found = undo([seen("web1", V3, SWITCHED), seen("web2", V2)], known(*GOOD), ALL)
    assert found is not None
    assert (found.kind, found.target, found.resumes) == (Kind.RESUME, V2, ())


def test_a_switch_that_was_intended_and_not_made_leaves_nothing_to_undo() -> None:
    """A rollback that is asked for then goes where a rollback goes; `resume` verifies what is live."""
    here, records = [seen("web1", V2), seen("web2", V2)], known(*cut_off("web1"))
    assert (undo(here, records, ALL), resume(here, records, ALL)) == (None, None)
    found = confirm(here, records, ALL)
    assert found is not None
    assert (found.steps, found.resumes) == ((Step(V, V2, ("web1", "web2")),), ("A",))


def test_what_was_verified_everywhere_is_finished() -> None:
    records = (*cut_off("web1", "web2"), observed(3, V3, finding(host="web1"), finding(host="web2")))
    here = [seen("web1", V3, SWITCHED), seen("web2", V3, SWITCHED)]
    found = resume(here, known(*records), ALL)
    assert found == Plan(
        Kind.DEPLOY,
        V3,
        V2,
        (Step(A, V3, ("web1", "web2")), Step(V, V3, ("web1", "web2"))),
        (("web1", V3.id), ("web2", V3.id)),
        resumes=("A",),
    )
    back = undo(here, known(*records), ALL)
    assert back is not None
    assert (back.kind, back.target) == (Kind.RESUME, V2)


def test_what_there_is_no_way_back_from_is_finished() -> None:
    here = [seen("web1", V3, replace(SWITCHED, previous=None)), seen("web2", None)]
    records = cut_off("web1", fallback=False)[2:]
    found = resume(here, known(*records), ALL)
    assert found is not None
    assert (found.kind, found.target, found.fallback) == (Kind.DEPLOY, V3, None)
    with pytest.raises(Refused, match="nothing to go back to"):
        undo(here, known(*records), ALL)


def test_a_deploy_replaces_what_there_is_no_way_back_from_and_does_not_finish_it_first() -> None:
    here = [seen("web1", V3, replace(SWITCHED, previous=None)), seen("web2", None)]
    assert before_a_deploy(here, known(*cut_off("web1", fallback=False)[2:]), ALL) is None
    assert before_a_deploy(here, known(), ALL) is None
    records = known(*cut_off("web1"))
    there = [seen("web1", V3, SWITCHED), seen("web2", V2)]
    assert before_a_deploy(there, records, ALL) == resume(there, records, ALL)


@pytest.mark.parametrize("kind", [Kind.ROLLBACK, Kind.RESUME])
def test_a_rollback_that_was_cut_off_is_finished(kind: Kind) -> None:
    records = (*GOOD, started(1, V1, kind=kind, fallback=None), intended(2, A, V1, "web1"))
    found = undo([seen("web1", V1, replace(SWITCHED, target=V1.id)), seen("web2", V2)], known(*records), ALL)
    assert found is not None
    assert found.target == V1
    assert found.steps == (Step(A, V1, ("web1", "web2")), Step(V, V1, ("web1", "web2")))


def test_the_last_one_to_touch_a_host_counts() -> None:
    """B took the lease from A: whatever A was at, B is what is to be undone or finished."""
    later = (started(3, V1, "B", kind=Kind.ROLLBACK, fallback=None), intended(4, A, V1, "web1", operation="B"))
    found = undo([seen("web1", V3, SWITCHED), seen("web2", V2)], known(*cut_off("web1"), *later), ALL)
    assert found is not None
    assert (found.target, found.resumes) == (V1, ("A", "B"))


def test_it_does_not_go_back_to_what_was_marked_bad_meanwhile() -> None:
    records = (*cut_off("web1"), judged(3, V2, Grade.BAD))
    found = undo([seen("web1", V3, SWITCHED), seen("web2", V2)], known(*records), ALL)
    assert found is not None
    assert found.target == V1


def test_an_operation_that_touched_nothing_is_not_in_the_way() -> None:
    here = [seen("web1", V2), seen("web2", V2)]
    records = known(*cut_off())
    assert undo(here, records, ALL) is None
    assert resume(here, records, ALL) is None
    assert confirm(here, records, ALL) == Plan(
        Kind.RESUME, V2, None, (Step(V, V2, ("web1", "web2")),), (("web1", V2.id), ("web2", V2.id)), resumes=("A",)
    )


def test_there_is_nothing_to_confirm_where_nothing_was_left_or_hosts_differ() -> None:
    assert confirm([seen("web1", V2)], known(*GOOD), ALL) is None
    assert confirm([seen("web1", V2), seen("web2", V1)], known(*cut_off()), ALL) is None


@pytest.mark.parametrize(
    ("outcome", "heard", "pending"),
    [
        (Outcome.DONE, ("web1", "web2"), ()),
        (Outcome.PARTIAL, ("web2",), ("web1",)),
        (Outcome.PARTIAL, (), ("web1", "web2")),
    ],
)
def test_a_host_that_did_not_hear_the_end_is_nothing_to_undo(
    outcome: Outcome, heard: tuple[str, ...], pending: tuple[str, ...]
) -> None:
    """`resume` settles it there, and a rollback goes away from there."""
    end = ended(5, outcome, live=tuple((host, V3.id) for host in heard), pending=pending)
    here, records = [seen("web1", V3, SWITCHED), seen("web2", V3)], known(*cut_off("web1"), judged(4, V3), end)
    assert undo(here, records, ALL) is None
    assert planning.rollback(None, here, records, ALL).target == V2
    found = resume(here, records, ALL)
    assert found is not None
    assert (found.target, found.steps[0]) == (V3, Step(A, V3, ("web1",)))


def test_a_host_that_went_back_by_itself_is_brought_to_where_the_others_ended() -> None:
    end = ended(5, Outcome.DONE, live=(("web1", V3.id), ("web2", V3.id)))
    here = [seen("web1", V2, replace(SWITCHED, state="reverted")), seen("web2", V3)]
    found = undo(here, known(*cut_off("web1"), judged(4, V3), end), ALL)
    assert found is not None
    assert (found.target, found.steps[0]) == (V3, Step(A, V3, ("web1",)))


def away_and_back(web2: Release) -> Plan | None:
    """web2 was away when the fleet went to v2."""
    end = ended(3, Outcome.PARTIAL, live=(("web1", V2.id),), pending=("web2",))
    records = (*GOOD, started(1, V2, kind=Kind.ROLLBACK), intended(2, A, V2, "web1"), end)
    return resume([seen("web1", V2), seen("web2", web2)], known(*records), ALL)


def test_a_host_that_was_away_is_brought_to_where_the_others_are() -> None:
    found = away_and_back(V3)
    assert found is not None
    assert found.steps == (Step(A, V2, ("web2",)), Step(V, V2, ("web2",)), Step(V, V2, ("web1",)))


def test_a_host_that_was_away_and_is_right_needs_nothing() -> None:
    assert away_and_back(V2) is None


@pytest.mark.parametrize("find", [resume, undo, confirm])
def test_nothing_is_known_to_be_left_where_no_host_answers(find: Callable[..., Plan | None]) -> None:
    assert find([Sighting("web1", "gone")], known(*cut_off("web1")), ALL) is None


def test_a_bare_rollback_on_hosts_that_differ_goes_away_from_what_was_deployed_last() -> None:
    deployed = (started(1, V3), intended(2, A, V3, "web1"))
    end = ended(3, Outcome.PARTIAL, live=(("web1", V3.id),), pending=("web2",))
    records = (*GOOD, judged(2.5, V3), *deployed, end)
    found = planning.rollback(None, [seen("web1", V3), seen("web2", V2)], known(*records), ALL)
    assert (found.target, found.steps[0]) == (V2, Step(A, V2, ("web1",)))


def test_a_host_that_lacks_the_target_does_not_hold_up_the_others() -> None:
    here = [sighting("web1", V3, (V2, V3)), sighting("web2", None, ()), sighting("web3", V3, (V2, V3))]
    found = planning.rollback(None, here, known(*GOOD, judged(3, V3, Grade.BAD)), ALL)
    assert found.steps == (
        *(Step(A, V2, ("web1", "web3")), Step(V, V2, ("web1", "web3"))),
        *(Step(U, V2, ("web2",)), Step(P, V2, ("web2",)), Step(A, V2, ("web2",)), Step(V, V2, ("web2",))),
    )


def test_a_deploy_brings_the_fallback_first_to_hosts_that_lack_it() -> None:
    here = [sighting("web1", V2, (V2,)), sighting("web2", None, ())]
    found = planning.deploy(V3, here, known(*GOOD), ALL)
    assert (found.fallback, found.steps[:3]) == (
        V2,
        (Step(U, V2, ("web2",)), Step(P, V2, ("web2",)), Step(U, V3, ("web1", "web2"))),
    )


def test_a_release_that_is_everywhere_comes_before_a_newer_one_that_is_not() -> None:
    here = [sighting("web1", V3, EVERY), sighting("web2", V3, (V1, V3))]
    assert planning.rollback(None, here, known(*GOOD), ALL).target == V1


def test_a_deploy_goes_out_without_as_many_hosts_as_it_may() -> None:
    here = [seen("web1", V2), Sighting("web2", "gone")]
    with pytest.raises(Refused, match="web2: gone"):
        planning.deploy(V3, here, known(*GOOD), ALL)
    assert planning.deploy(V3, here, known(*GOOD), ALL, away=1).pending == ("web2",)


def test_a_drill_goes_where_a_rollback_would_and_comes_back() -> None:
    here = [seen("web1", V2), seen("web2", V2)]
    there = planning.drill(here, known(*GOOD), Rollout(1, 1))
    assert (there.kind, there.target, there.fallback, there.steps) == (
        *(Kind.DRILL, V1, V2),
        (Step(A, V1, ("web1",)), Step(V, V1, ("web1",)), Step(A, V1, ("web2",)), Step(V, V1, ("web2",))),
    )
    records = (*GOOD, started(1, V1, kind=Kind.DRILL, fallback=V2), intended(2, A, V1, "web1", "web2"))
    back = resume([seen("web1", V1), seen("web2", V1)], known(*records, ended(3, Outcome.DONE)), ALL)
    assert back is not None
    assert (back.kind, back.target) == (Kind.RESUME, V2)


@pytest.mark.parametrize(
    ("live", "said"), [((V1, V2), "not at rest"), ((V3, V3), "v3 was never verified"), ((V1, V1), "nothing to go back")]
)
def test_a_drill_needs_a_good_release_at_rest_and_another_one(live: tuple[Release, Release], said: str) -> None:
    here = [seen("web1", live[0]), seen("web2", live[1])]
    with pytest.raises(Refused, match=said):
        planning.drill(here, known(judged(1, V1)), ALL)


def verified_everywhere(*hosts: str) -> tuple[Record, ...]:
    return (*cut_off(*hosts), observed(3, V3, *(finding(host=host) for host in hosts)))


@pytest.mark.parametrize(
    "seen_so",
    [
        lambda: ([seen("web1", V3, SWITCHED), seen("web2", V3, SWITCHED)], judged(9, V3, Grade.BAD)),
        lambda: ([seen("web1", V2, replace(SWITCHED, state="reverted")), seen("web2", V3, SWITCHED)], judged(9, V2)),
        lambda: ([seen("web1", V3, SWITCHED), seen("web2", V3, SWITCHED), seen("web9", V2)], judged(9, V2)),
    ],
    ids=["marked bad since", "a host went back by itself", "not meant for every host"],
)
def test_what_arrived_is_undone_all_the_same(seen_so: Callable[[], tuple[list[Sighting], Record]]) -> None:
    here, word = seen_so()
    found = resume(here, known(*verified_everywhere("web1", "web2"), word), ALL)
    assert found is not None
    assert (found.kind, found.target) == (Kind.RESUME, V2)


def test_nothing_is_brought_to_a_release_that_was_marked_bad() -> None:
    end = ended(3, Outcome.PARTIAL, live=(("web1", V3.id),), pending=("web2",))
    records = (*GOOD, started(1, V3), intended(2, A, V3, "web1"), end, judged(4, V3, Grade.BAD))
    assert resume([seen("web1", V3), seen("web2", V2)], known(*records), ALL) is None
    here = [seen("web1", V3), seen("web2", V3)]
    assert confirm(here, known(*cut_off(), judged(4, V3, Grade.BAD)), ALL) is None


def test_the_way_back_of_a_deploy_is_what_people_had_when_that_is_good() -> None:
    """Also when another was marked good after it."""
    here = [seen("web1", V2), seen("web2", V2)]
    marked = known(*GOOD, judged(5, V1))
    assert planning.deploy(V3, here, marked, ALL).fallback == V2
    assert planning.deploy(V3, here, known(*GOOD, judged(5, V2, Grade.BAD)), ALL).fallback == V1
