from __future__ import annotations

import pytest

from rollback.core import plan as planning
from rollback.core.freeze import Freeze, freeze
from rollback.core.past import Past, past
from rollback.core.ready import red, thaw
from rollback.core.rollout import Rollout
from rollback.errors import Refused
from rollback.model import Frozen, Grade, Marked, Outcome, Unfrozen, Withdrawn
from tests.build import V1, V2, V3, at, judged, known, record, sighting

FROZEN = record(5, Frozen("the database is moved"), "OP5")
THAWED = record(6, Unfrozen("it is over"), "OP6", "bob")
GOOD = (judged(1, V2), judged(2, V1))
SAID = "deploys are frozen since 2026-11-20 12:00Z by ada: the database is moved"


def test_the_last_word_counts() -> None:
    assert freeze(GOOD) is None
    assert freeze((*GOOD, FROZEN)) == Freeze("ada", at(5), "the database is moved")
    assert freeze((THAWED, FROZEN)) is None
    again = record(7, Frozen("again"))
    assert freeze((FROZEN, THAWED, again)) == Freeze("ada", at(7), "again")


def test_a_frozen_environment_refuses_deploys_and_nothing_else() -> None:
    knowing, seen = known(*GOOD, FROZEN), [sighting("web1")]
    with pytest.raises(Refused, match=f"^{SAID}$") as refused:
        planning.deploy(V3, seen, knowing, Rollout())
    assert refused.value.hint == "rollback unfreeze --reason '…'; or deploy this one with --force"
    assert planning.deploy(V3, seen, knowing, Rollout(), force=True).target == V3
    assert planning.rollback(V2, seen, knowing, Rollout()).target == V2
    assert planning.deploy(V3, seen, known(*GOOD, FROZEN, THAWED), Rollout()).target == V3


def test_a_freeze_is_found_and_stops_only_deploys() -> None:
    (found,) = thaw(freeze((FROZEN,)), at(9))
    assert (found.check, found.observed, red([found])) == ("freeze", SAID, (found,))
    assert tuple(thaw(None, at(9))) == ()


def test_freezing_is_a_row_of_the_history() -> None:
    done = Outcome.DONE
    assert past((FROZEN, THAWED)) == (
        Past("OP6", at(6), "bob", "unfreeze", None, done, None, "it is over", ()),
        Past("OP5", at(5), "ada", "freeze", None, done, None, "the database is moved", ()),
    )


def test_what_a_person_rolled_back_is_not_deployed_again_until_it_is_marked_good_or_forced() -> None:
    records = (judged(1, V3), *GOOD, record(3, Withdrawn(V3, "nobody can log in")))
    seen = [sighting("web1")]
    said = r"^v3 \(763300000000\) was taken back at 2026-11-20 12:00Z: rolled back by ada: nobody can log in$"
    with pytest.raises(Refused, match=said) as refused:
        planning.deploy(V3, seen, known(*records), Rollout())
    assert refused.value.hint == "rollback mark good v3 --reason '…', or --force"
    marked = record(4, Marked(V3, Grade.GOOD, "it was the load balancer"))
    for plan in (
        planning.deploy(V3, seen, known(*records), Rollout(), force=True),
        planning.deploy(V3, seen, known(*records, marked), Rollout()),
        planning.rollback(V3, seen, known(*records), Rollout()),
    ):
        assert plan.target == V3
