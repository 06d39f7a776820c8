from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.core.condition import Condition, Keeping, Kept, Room
from rollback.errors import NotReady
from rollback.events import Noticed
from rollback.model import Ended, Intended, Kind, Outcome
from rollback.operation.conduct import conduct
from tests.build import EPOCH, V1, V3
from tests.operation.test_conduct import asking
from tests.operation.world import POLICY, World

DAMAGED = Condition("web2", EPOCH, free=Room(10**9, 10**6), kept=((V1.id, Kept(Keeping.DAMAGED, "1 entry differs")),))
FULL = Condition("web2", EPOCH, free=Room(999, 10**6), kept=((V1.id, Kept(Keeping.INTACT)),))


def world(condition: Condition) -> World:
    return World({"web1": V1, "web2": V1}, conditions={condition.host: condition}, present=(V1,))


def test_a_deploy_without_a_way_back_is_refused_before_anything_is_done() -> None:
    its = world(replace(DAMAGED, lacking=("flock",)))
    with pytest.raises(NotReady, match=r"^not ready: tools on web2: lacks flock; and 1 more$"):
        conduct(asking(V3), its.sight(), POLICY, its.ports())
    assert [fact for fact in its.facts if isinstance(fact, Intended)] == []
    assert isinstance(its.facts[-1], Ended)
    assert its.facts[-1].outcome is Outcome.REFUSED
    assert its.finished == [(("web1", "web2"), frozenset())]


def test_forced_it_goes_out_and_what_is_wrong_is_said() -> None:
    its = world(DAMAGED)
    _, ending = conduct(asking(V3, force=True), its.sight(), POLICY, its.ports())
    assert ending.outcome is Outcome.DONE
    assert Noticed("forced, though fallback on web2: v1 is damaged: 1 entry differs") in its.events


def test_a_disk_without_room_for_the_release_refuses_it_and_not_one_that_is_there_already() -> None:
    its = world(FULL)
    with pytest.raises(NotReady, match=r"disk on web2: needs 1.0 kB and 10 inodes, has 999 B"):
        conduct(asking(V3), its.sight(), POLICY, its.ports())
    its.present = (V1, V3)
    assert conduct(asking(V3), its.sight(), POLICY, its.ports())[1].outcome is Outcome.DONE


def test_a_rollback_waits_for_no_such_look() -> None:
    its = world(DAMAGED)
    its.live = {"web1": V3, "web2": V3}
    assert conduct(asking(V1, kind=Kind.ROLLBACK), its.sight(), POLICY, its.ports())[1].outcome is Outcome.DONE
