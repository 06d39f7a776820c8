from __future__ import annotations

from rollback.core.near import Regarded, around
from rollback.core.shelf import Pile
from rollback.model import Ended, Frozen, Outcome
from tests.build import record

NOT_ALL = Pile((record(0, Frozen("sale"), "A"), record(1, Ended(Outcome.DONE), "A"), record(2, Frozen("more"), "B")))


def test_of_what_is_at_hand_it_knows_operations_and_kinds() -> None:
    assert NOT_ALL.known(frozenset({"A", "C"})) == {"A"}
    assert [one.fact for one in NOT_ALL.of_kind("frozen")] == [Frozen("sale"), Frozen("more")]


def test_what_is_regarded_adds_up_and_of_nothing_nothing_is_told() -> None:
    both = Regarded(frozenset({"v1"})) | Regarded(frozenset(), frozenset({"abc"}))
    assert both == Regarded(frozenset({"v1"}), frozenset({"abc"}))
    assert around(NOT_ALL, ()) == ()
