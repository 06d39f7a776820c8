"""Takes the lease: waits for it, or takes it from one who no longer lives, or from whom a person said to take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rollback.errors import LeaseHeld
from rollback.events import Event, Noticed
from rollback.model import LeaseSeen, Sighting
from rollback.operation.ports import Fleet

_PAUSE = 2.0  # seconds between two tries


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants the lease, and how much for.

    process: which process of which machine asks (see cli.process); is_dead: whether such a one is known to have ended.
    steal: the starts of ids of operations that the lease may be taken from. wait: seconds to wait for it.
    """

    operation: str
    holder: str
    process: str
    is_dead: Callable[[str], bool]
    steal: tuple[str, ...] = ()
    wait: float = 0.0

    def may_take(self, lease: LeaseSeen) -> bool:
        return self.is_dead(lease.process) or lease.operation.startswith(self.steal)


@dataclass(frozen=True, slots=True)
class Patience:
    """clock: seconds, monotonic."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    tell: Callable[[Event], None]


def take(claim: Claim, fleet: Fleet, patience: Patience) -> tuple[Sighting, ...]:
    """The lease on every host that answers, and what each shows. Raises: LeaseHeld when it does not become free."""
    until, told = patience.clock() + claim.wait, False
    while True:
        try:
            return fleet.acquire(claim.operation, claim.holder, claim.process, claim.may_take)
        except LeaseHeld as error:
            if patience.clock() + _PAUSE > until:
                raise
            if not told:
                patience.tell(Noticed(f"waiting {claim.wait:g} s at most for the lease: {error}"))
                told = True
        patience.sleep(_PAUSE)
