"""One release on its way to many hosts: to each only what it lacks, where it has another one to build on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from rollback.hosts import requests
from rollback.hosts.bandwidth import Bandwidth
from rollback.hosts.delta import Delta
from rollback.hosts.protocol import Request
from rollback.hosts.requests import Package, Turn
from rollback.hosts.work import Build, Work, watched
from rollback.model import Finding, Host, Release

Less = Callable[[Package, Release], Delta | None]


def everything(package: Package, base: Release) -> Delta | None:  # noqa: ARG001
    """Nothing is built on what a host has."""
    return None


@dataclass(frozen=True, slots=True)
class Upload:
    """deltas: by host; None: it gets all of it."""

    work: Work
    package: Package
    deltas: Mapping[str, Delta | None]
    bandwidth: Bandwidth

    @classmethod
    def of(cls, work: Work, package: Package, bases: Mapping[str, Release | None], less: Less) -> Upload:
        """less: what of a package is to be sent to a host that has that release; asked once for each."""
        found = {base: less(package, base) for base in set(bases.values()) if base is not None}
        deltas = {host: found[base] if base else None for host, base in bases.items()}
        return cls(work, package, deltas, Bandwidth(work.pool.pace))

    def to(self, host: str) -> Finding:
        """A host whose earlier release is not as it was sealed gets everything."""
        delta, whole = self.deltas[host], self._build(None)
        return self.work.change("upload", host, self._build(delta) if delta else whole, "uploaded", whole)

    def _build(self, delta: Delta | None) -> Build:
        def build(host: Host, turn: Turn) -> Request:
            request = requests.stage(host, turn, self.package, delta, self._slowest(host))
            return watched(request, host.name, self.work.tell, self._let_through(host))

        return build

    def _slowest(self, host: Host) -> float:
        """Its share of the cap, with some patience: what others wait for it waits for, too."""
        cap = host.ssh.bandwidth
        sharing = sum(self.work.hosts[name].ssh.bandwidth == cap for name in self.deltas)
        return min(requests.SLOWEST, cap / sharing / 2) if cap else requests.SLOWEST

    def _let_through(self, host: Host) -> Callable[[int], None]:
        cap = host.ssh.bandwidth
        return partial(self.bandwidth.spend, cap) if cap else lambda _: None
