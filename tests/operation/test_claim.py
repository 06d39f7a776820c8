from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rollback.errors import LeaseHeld
from rollback.events import Event, Noticed
from rollback.model import LeaseSeen, Sighting
from rollback.operation.claim import Claim, Patience, take
from rollback.operation.ports import MayTake
from tests.operation.world import World

LEASE = LeaseSeen("01ADA", 1, "ada@laptop", True, 12, 48, "verify", "boot,1,77,5")


@dataclass
class Held(World):
    """The lease is another's until so many seconds have passed."""

    live: dict = field(default_factory=dict)  # type: ignore[type-arg]
    until: float = 10.0
    now: float = 0.0

    def acquire(self, operation: str, holder: str, process: str, may_take: MayTake) -> tuple[Sighting, ...]:
        if self.now < self.until and not may_take(LEASE):
            raise LeaseHeld("web1: held by ada@laptop", operations=(LEASE.operation,))
        return super().acquire(operation, holder, process, may_take)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def patience(self) -> Patience:
        return Patience(lambda: self.now, self.sleep, self.events.append)


def claim(steal: tuple[str, ...] = (), wait: float = 0.0, dead: str = "") -> Claim:
    return Claim("01BOB", "bob@desk", "-", lambda process: process == dead, steal, wait)


def taken(its: Held, wanted: Claim) -> tuple[float, list[Event]]:
    take(wanted, its, its.patience())
    return its.now, its.events


def test_a_lease_that_is_held_is_refused_at_once() -> None:
    its = Held()
    with pytest.raises(LeaseHeld) as refused:
        taken(its, claim())
    assert (its.now, refused.value.operations) == (0.0, ("01ADA",))
    assert refused.value.hint == "rollback status; or take it away: rollback unlock 01ADA"


def test_it_is_waited_for_as_long_as_was_asked_and_that_is_said_once() -> None:
    assert taken(Held(), claim(wait=60)) == (
        10.0,
        [Noticed("waiting 60 s at most for the lease: web1: held by ada@laptop")],
    )
    its = Held()
    with pytest.raises(LeaseHeld):
        taken(its, claim(wait=5))
    assert its.now <= 5


def test_it_is_taken_from_the_operation_that_is_named() -> None:
    assert taken(Held(), claim(steal=("01A",))) == (0.0, [])
    with pytest.raises(LeaseHeld):
        taken(Held(), claim(steal=("01B",)))


def test_it_is_taken_from_a_process_that_no_longer_lives() -> None:
    assert taken(Held(), claim(dead=LEASE.process)) == (0.0, [])
