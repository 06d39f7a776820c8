"""A small world for operations: hosts that keep state, checks that know bad releases, and scripted trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from rollback.core.condition import Condition, Keeping, Kept, Room
from rollback.events import Event
from rollback.model import Confirm, Fact, Finding, Intended, Release, Result, Sighting, View
from rollback.operation.ports import MayTake, Policy, Ports
from tests.build import EPOCH, V1, V2, V3, finding

POLICY = Policy("on", "hold", False, 5, {})
RELEASES = {one.id: one for one in (V1, V2, V3)}


@dataclass
class World:
    """trouble: (phase, release tag, host) -> how it answers, and whether it takes effect all the same.

    An entry of kind BaseException is raised instead, after the effect.
    """

    live: dict[str, Release | None]
    bad: set[str] = field(default_factory=set)  # tags whose check fails
    silent: set[str] = field(default_factory=set)  # tags that can't be measured
    trouble: dict[tuple[str, str, str], tuple[Result, bool] | BaseException] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    loses: set[str] = field(default_factory=set)  # hosts that go away once they were switched
    deaf: set[str] = field(default_factory=set)  # hosts that do not hear the end
    drained: set[str] = field(default_factory=set)
    views: tuple[View, ...] = (View.HOST,)
    present: tuple[Release, ...] = (V1, V2, V3)
    facts: list[Fact] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)
    finished: list[tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=list)
    pruned: list[tuple[str, ...]] = field(default_factory=list)
    unconfirmed: list[tuple[str, Confirm | None]] = field(default_factory=list)
    shields: int = 0
    conditions: dict[str, Condition] = field(default_factory=dict)  # of hosts that are not fit for a deploy
    blind: bool = False  # the check does not see which release answers
    later: dict[str, Result] = field(default_factory=dict)  # what the watch finds, by tag
    looked: list[tuple[str, tuple[str, ...], dict[str, str]]] = field(default_factory=list)  # before a switch
    watches: list[tuple[tuple[str, ...], float, bool]] = field(default_factory=list)  # hosts, seconds, is it over
    robbed: str = ""  # the phase in which the lease is taken away

    def ports(self) -> Ports:
        return Ports(self, self, self, self.events.append, lambda _: self.answers.pop(0), self.shield, RELEASES)

    @contextmanager
    def shield(self) -> Iterator[None]:
        self.shields += 1
        yield

    # fleet
    def sight(self) -> tuple[Sighting, ...]:
        return tuple(self._sighting(host) for host in self.live)

    def inspect(self, *releases: Release) -> Callable[[], tuple[Condition, ...]]:
        kept = tuple((release.id, Kept(Keeping.INTACT)) for release in releases)
        fit = {host: Condition(host, EPOCH, free=Room(10**9, 10**6), kept=kept) for host in self.live}
        return lambda: tuple({**fit, **self.conditions}.values())

    def need(self, release: Release) -> Room:  # noqa: ARG002
        return Room(1000, 10)

    def _sighting(self, host: str) -> Sighting:
        if host in self.away:
            return Sighting(host, "timed out")
        live = self.live[host]
        return Sighting(host, live=live.id if live else None, releases=self.present)

    @property
    def taken_away(self) -> str:
        """From the moment at which the robbed phase began."""
        begun = any(isinstance(fact, Intended) and fact.step.phase == self.robbed for fact in self.facts)
        return "the lease on web1 was taken away" if begun else ""

    def acquire(
        self,
        operation: str,  # noqa: ARG002
        holder: str,  # noqa: ARG002
        process: str,  # noqa: ARG002
        may_take: MayTake,  # noqa: ARG002
    ) -> tuple[Sighting, ...]:
        return self.sight()

    def heartbeat(self) -> nullcontext[None]:
        return nullcontext()

    def upload(self, release: Release, hosts: tuple[str, ...]) -> tuple[Finding, ...]:
        return tuple(self._do("upload", release, host) for host in hosts)

    def prepare(self, release: Release, hosts: tuple[str, ...]) -> tuple[Finding, ...]:
        return tuple(self._do("prepare", release, host) for host in hosts)

    def migrate(self, release: Release, hosts: tuple[str, ...], journal: bytes) -> tuple[Finding, ...]:
        assert journal == self.lines()
        return tuple(self._do("migrate", release, host) for host in hosts)

    def activate(
        self,
        release: Release,
        hosts: tuple[str, ...],
        expected: tuple[str | None, ...],
        journal: bytes,
        confirm: Confirm | None,
    ) -> tuple[Finding, ...]:
        assert journal == self.lines()
        self.unconfirmed.append((release.tag, confirm))
        for host in hosts:
            live = self.live[host]
            assert (live.id if live else None) in {*expected, release.id}, "drift"
        found = tuple(self._do("activate", release, host) for host in hosts)
        self.away |= self.loses & set(hosts)
        return found

    def undrain(self, release: Release, hosts: tuple[str, ...]) -> tuple[Finding, ...]:
        stuck = {host for host in hosts if ("undrain", release.tag, host) in self.trouble}
        self.drained -= set(hosts) - stuck
        return tuple(finding("undrain", Result.FAIL if host in stuck else Result.PASS, host) for host in hosts)

    def finish(
        self, hosts: tuple[str, ...], journal: bytes, holding: frozenset[str] = frozenset()
    ) -> tuple[Finding, ...]:
        assert journal == b"lines"
        self.finished.append((hosts, holding))
        return tuple(finding("finish", Result.ERROR, host) for host in hosts if host in self.deaf)

    def prune(self, hosts: tuple[str, ...], doomed: tuple[str, ...]) -> tuple[Finding, ...]:
        self.pruned.append(doomed)
        return tuple(finding("prune", Result.FAIL, host) for host in hosts)

    def _do(self, phase: str, release: Release, host: str) -> Finding:
        result: Result = Result.PASS
        effect = True
        if host in self.away:
            return finding(phase, Result.ERROR, host)
        wrong = self.trouble.get((phase, release.tag, host))
        if isinstance(wrong, tuple):
            result, effect = wrong
        if phase == "activate" and effect:
            self.live[host] = release
            self.drained.add(host)
        if isinstance(wrong, BaseException):
            raise wrong
        return finding(phase, result, host)

    # checks
    def has(self, view: View) -> bool:
        return view in self.views

    def before(self, release: Release, hosts: tuple[str, ...], compared: Mapping[str, Release]) -> None:
        self.looked.append((release.tag, hosts, {host: one.tag for host, one in compared.items()}))

    def gate(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: tuple[str, ...],
        view: View,
        excused: frozenset[str],  # noqa: ARG002
    ) -> tuple[Finding, ...]:
        assert set(previous) == set(hosts)
        if view is View.URL:
            assert not self.drained & set(hosts), "users are asked about before they are let in"
            return (finding("url", host=None),)
        return tuple(self._ask(release, host) for host in hosts)

    def watch(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: tuple[str, ...],
        excused: frozenset[str],  # noqa: ARG002
        seconds: float,
        over: Callable[[], bool],
    ) -> tuple[Finding, ...]:
        """What goes wrong only later."""
        self.watches.append((hosts, seconds, over()))
        wrong = self.trouble.get(("pause", release.tag, hosts[0]))
        if isinstance(wrong, BaseException):
            raise wrong
        assert set(previous) == set(hosts)
        later = self.later.get(release.tag, Result.PASS)
        return tuple(finding("login", later, host) for host in hosts)

    def once(self, live: Mapping[str, Release]) -> tuple[Finding, ...]:
        return tuple(self._ask(release, host) for host, release in live.items())

    def _ask(self, release: Release, host: str) -> Finding:
        wrong = self.trouble.get(("verify", release.tag, host))
        if isinstance(wrong, BaseException):
            raise wrong
        if host in self.away or release.tag in self.silent:
            return finding("login", Result.ERROR, host)
        if isinstance(wrong, tuple):
            return finding("login", wrong[0], host)
        good = (self.live[host] == release or self.blind) and release.tag not in self.bad
        return finding("login", Result.PASS if good else Result.FAIL, host)

    # journal
    def record(self, *facts: Fact) -> None:
        self.facts += facts

    def ahead(self, fact: Fact) -> bytes:
        return repr(fact).encode()

    def lines(self) -> bytes:
        return b"lines"
