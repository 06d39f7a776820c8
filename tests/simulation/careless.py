"""Hosts with a mistake in them each: a simulation that finds none of these proves nothing."""

from __future__ import annotations

from rollback.hosts.protocol import Answer, Request
from tests.fakes import FakeLease
from tests.simulation.host import SimHost


class Unfenced(SimHost):
    """It takes orders from whoever held the lease once."""

    def _prove(self, request: Request) -> FakeLease:
        return self.lease or FakeLease(request.first("operation") or "", 0, "", 0, 0, "", "")


class Timeless(SimHost):
    """Leases do not run out."""

    def _prove(self, request: Request) -> FakeLease:
        lease = self.lease
        if lease is not None:
            lease.until = max(lease.until, self.clock() + 1)
        return super()._prove(request)


class Hasty(SimHost):
    """It takes an upload for a complete release."""

    def _stage(self, request: Request) -> Answer:
        answer = super()._stage(request)
        self.complete |= self.staged
        return answer


class Forgetful(SimHost):
    """It forgets its counter with the lease, and gives a token out again."""

    def _give_back(self, request: Request) -> Answer:
        self.token = 0
        return super()._give_back(request)

    def _finish(self, request: Request) -> Answer:
        self.token = 0
        return super()._finish(request)


class Obedient(SimHost):
    """It deletes whatever it is asked to, and things that nobody asked for."""

    def _prune(self, request: Request) -> Answer:
        self.complete.clear()
        return super()._prune(request)


class Repeating(SimHost):
    """It does again what it has done, when it is asked again."""

    def _again(self, request: Request) -> None:
        """Nothing was done before."""


CARELESS = (Unfenced, Timeless, Hasty, Forgetful, Obedient, Repeating)
