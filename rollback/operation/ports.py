"""What an operation acts through, as Protocols: the CLI hands in the real ones, tests hand in fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from rollback.core.condition import Condition, Room
from rollback.events import Event
from rollback.model import Confirm, Fact, Finding, LeaseSeen, Limits, Release, Sighting, View

Findings = tuple[Finding, ...]
Hosts = tuple[str, ...]
MayTake = Callable[[LeaseSeen], bool]  # may this lease, which lives, be taken from its holder?


class Fleet(Protocol):
    """The hosts of one environment. Everything but `sight` is done under the lease that `acquire` took."""

    @property
    def taken_away(self) -> str:
        """By whom the lease was taken away meanwhile, in a sentence; "" while it is ours."""
        ...

    def sight(self) -> tuple[Sighting, ...]: ...
    def acquire(self, operation: str, holder: str, process: str, may_take: MayTake) -> tuple[Sighting, ...]: ...
    def inspect(self, *releases: Release) -> Callable[[], tuple[Condition, ...]]: ...
    def need(self, release: Release) -> Room: ...
    def heartbeat(self) -> AbstractContextManager[object]: ...
    def upload(self, release: Release, hosts: Hosts) -> Findings: ...
    def prepare(self, release: Release, hosts: Hosts) -> Findings: ...
    def migrate(self, release: Release, hosts: Hosts, journal: bytes) -> Findings: ...
    def activate(
        self,
        release: Release,
        hosts: Hosts,
        expected: tuple[str | None, ...],
        journal: bytes,
        confirm: Confirm | None,
    ) -> Findings: ...
    def undrain(self, release: Release, hosts: Hosts) -> Findings: ...
    def finish(self, hosts: Hosts, journal: bytes, holding: frozenset[str] = frozenset()) -> Findings: ...
    def prune(self, hosts: Hosts, doomed: tuple[str, ...]) -> Findings: ...


class Checks(Protocol):
    """The playbook's questions."""

    def has(self, view: View) -> bool: ...
    def before(self, release: Release, hosts: Hosts, compared: Mapping[str, Release]) -> None:
        """The release is about to be switched on there. compared: what is live, where it is held against that."""
        ...

    def gate(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: Hosts,
        view: View,
        excused: frozenset[str],
    ) -> Findings: ...
    def watch(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: Hosts,
        excused: frozenset[str],
        seconds: float,
        over: Callable[[], bool],
    ) -> Findings:
        """Ask again and again for so long, or until a limit is passed or it is over for another reason."""
        ...

    def once(self, live: Mapping[str, Release]) -> Findings: ...


class Journal(Protocol):
    """One operation's records, in the ledger."""

    def record(self, *facts: Fact) -> None: ...
    def ahead(self, fact: Fact) -> bytes:
        """The line that a host adds by itself should this happen; its time stands open."""
        ...

    def lines(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """What the environment wants done with a verdict; `excused` checks were red before the deploy, releases of
    `proven` commits are known good."""

    auto_rollback: str
    on_inconclusive: str
    preflight: bool
    keep: int
    limits: Mapping[str, Limits]
    excused: frozenset[str] = frozenset()
    proven: frozenset[str] = frozenset()
    confirm_within: float | None = None  # seconds


@dataclass(frozen=True, slots=True)
class Ports:
    """ask: a yes-or-no question to a person. shield: while it is entered, an interruption waits.
    clock: seconds, monotonic. releases: those the ledger and the hosts know, by id."""

    fleet: Fleet
    checks: Checks
    journal: Journal
    tell: Callable[[Event], None]
    ask: Callable[[str], bool]
    shield: Callable[[], AbstractContextManager[object]]
    releases: Mapping[str, Release]
