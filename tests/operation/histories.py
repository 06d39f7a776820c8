"""Every history of operations on a small fleet: whatever each host answers, and a kill at every step.

A kill leaves what the hosts run and what was recorded; the next operation begins from there. Two histories that leave
the same for it are one state, so what follows is tried once for both: any number of operations, each killed anywhere,
is covered by trying all that one operation can meet in every state that can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property

from rollback.core import plan as planning
from rollback.core.condition import Condition, Keeping, Kept, Room
from rollback.core.history import standings
from rollback.core.left import Left, left, rest
from rollback.core.plan import Known
from rollback.core.resume import confirm, resume, undo
from rollback.core.rollout import Rollout
from rollback.errors import Refused
from rollback.model import (
    Confirm,
    Ended,
    Ending,
    Fact,
    Finding,
    Grade,
    Intent,
    Kind,
    Plan,
    Record,
    Release,
    Result,
    Sighting,
    View,
)
from rollback.operation.conduct import Asked, conduct
from rollback.operation.ports import Policy, Ports
from tests.build import EPOCH, V1, V2, V3, finding, judged, record

NAMES = ("web1", "web2")
RELEASES = {one.id: one for one in (V1, V2, V3)}
ONE_BY_ONE = Rollout(1, 1)
P, F, S, E = Result.PASS, Result.FAIL, Result.SKIPPED, Result.ERROR
# What a switch may answer, and whether it happened: unknown with and without effect.
SWITCHES = ((P, True), (F, True), (E, True), (E, False), (S, False))
VERDICTS = (P, F, E)


class Past:
    """All records so far, and what they say."""

    def __init__(self, *records: Record) -> None:
        self.records = records

    @cached_property
    def known(self) -> Known:
        return Known(standings(self.records), {}, left(self.records), rest(self.records))

    @cached_property
    def key(self) -> object:
        """All that decisions follow from, and no more: not when things were recorded, nor under which names."""
        ranked = sorted(self.known.standings.values(), key=lambda one: one.since)
        worth = tuple((one.release.tag, one.grade, one.withdrawn) for one in ranked if one.grade is not Grade.UNKNOWN)
        return worth, _undone(self.known.left), self.known.rest


@dataclass(frozen=True, slots=True)
class State:
    """What an operation leaves for the next one. live, intents: by host."""

    live: tuple[str | None, ...]
    intents: tuple[Intent | None, ...]
    past: Past

    def key(self) -> object:
        return self.live, tuple(map(bool, self.intents)), self.past.key


def _undone(every: Iterable[Left]) -> tuple[object, ...]:
    """For each host the operation that touched it last."""
    last = {host: one for one in every for host in one.touched}
    return tuple(
        (host, one.kind, one.target.tag, one.fallback, one.arrived and one.kind is Kind.DEPLOY)
        for host, one in sorted(last.items())
    )


Killed = Callable[[Callable[[], State]], None]


class Choices:
    """Answers the questions of one run: first as it was told to, then with the first answer that there is."""

    def __init__(self, told: tuple[int, ...]) -> None:
        self._told, self.made, self.widths = told, list[int](), list[int]()

    def __call__(self, width: int) -> int:
        place = len(self.made)
        self.made.append(self._told[place] if place < len(self._told) else 0)
        self.widths.append(width)
        return self.made[-1]

    @property
    def new(self) -> bool:
        """Is this a part of the run that no earlier run had?"""
        return len(self.made) >= len(self._told)

    def next(self) -> tuple[int, ...] | None:
        """The run after this one; None after the last."""
        for place in reversed(range(len(self.made))):
            if self.made[place] + 1 < self.widths[place]:
                return (*self.made[:place], self.made[place] + 1)
        return None


@dataclass(slots=True)
class World:
    """All ports of one operation. choose: what happens, of so many things. killed: told every moment at which the
    operation may be killed, with what tells the state that it would leave."""

    state: State
    choose: Callable[[int], int]
    killed: Killed
    operation: str = ""
    taken_away: str = ""
    live: dict[str, str | None] = field(init=False)
    intents: dict[str, Intent | None] = field(init=False)
    past: Past = field(init=False)
    silent: set[str] = field(default_factory=set)  # hosts whose last answer never came

    def __post_init__(self) -> None:
        self.live = dict(zip(NAMES, self.state.live, strict=False))
        self.intents = dict(zip(NAMES, self.state.intents, strict=False))
        self.past = self.state.past
        self.operation = f"{len(self.past.records):012.3f}"

    def ports(self) -> Ports:
        return Ports(self, self, self, lambda _: None, lambda _: True, nullcontext, RELEASES)

    def now(self) -> State:
        return State(tuple(self.live.values()), tuple(self.intents.values()), self.past)

    # fleet
    def sight(self) -> tuple[Sighting, ...]:
        """After trouble: who gave no answer before may give none again."""
        return tuple(Sighting(host, "timed out") if self._lost(host) else self.seen(host) for host in self.live)

    def _lost(self, host: str) -> bool:
        return host in self.silent and self.choose(2) == 1

    def seen(self, host: str) -> Sighting:
        there = tuple(RELEASES.values())
        return Sighting(host, live=self.live[host], releases=there, intent=self.intents[host])

    def acquire(self, *_: object) -> tuple[Sighting, ...]:
        return tuple(map(self.seen, self.live))

    def inspect(self, *releases: Release) -> Callable[[], tuple[Condition, ...]]:
        """They are fit."""
        kept = tuple((one.id, Kept(Keeping.INTACT)) for one in releases)
        return lambda: tuple(Condition(host, EPOCH, free=Room(10**9, 10**6), kept=kept) for host in self.live)

    def need(self, release: Release) -> Room:
        raise NotImplementedError  # nothing is brought

    def heartbeat(self) -> nullcontext[None]:
        return nullcontext()

    def upload(self, release: Release, hosts: tuple[str, ...]) -> tuple[Finding, ...]:
        raise NotImplementedError  # every host has every release

    prepare = upload

    def migrate(self, release: Release, hosts: tuple[str, ...], journal: bytes) -> tuple[Finding, ...]:
        raise NotImplementedError

    def activate(
        self,
        release: Release,
        hosts: tuple[str, ...],
        expected: tuple[str | None, ...],
        journal: bytes,
        confirm: Confirm | None,
    ) -> tuple[Finding, ...]:
        assert (journal, confirm) == (b"lines", None)
        return tuple(self._switched(release, host, expected) for host in hosts)

    def _switched(self, release: Release, host: str, expected: tuple[str | None, ...]) -> Finding:
        assert self.live[host] in {*expected, release.id}, "drift"
        result, effect = SWITCHES[self.choose(len(SWITCHES))]
        if effect:
            was, self.intents[host] = (
                self.live[host],
                Intent(self.operation, 1, self.live[host], release.id, "prepared"),
            )
            self.killed(self.now)
            self.live[host] = release.id
            self.killed(self.now)
            self.intents[host] = Intent(self.operation, 1, was, release.id, "switched")
        self.killed(self.now)
        return self._found("activate", result, host)

    def _found(self, check: str, result: Result, host: str) -> Finding:
        self.silent = self.silent | {host} if result is E else self.silent - {host}
        return finding(check, result, host)

    def undrain(self, release: Release, hosts: tuple[str, ...]) -> tuple[Finding, ...]:  # noqa: ARG002
        return ()

    def finish(
        self, hosts: tuple[str, ...], journal: bytes, holding: frozenset[str] = frozenset()
    ) -> tuple[Finding, ...]:
        assert journal == b"lines"
        return tuple(self._closed(host, host in holding) for host in hosts)

    def _closed(self, host: str, holding: bool) -> Finding:
        """Killed before it, the operation leaves what an answer that was lost would leave."""
        intent = self.intents[host]
        if not holding and intent is not None and intent.operation == self.operation:
            self.intents[host] = None
        self.killed(self.now)
        return finding("finish", P, host)

    def prune(self, hosts: tuple[str, ...], doomed: tuple[str, ...]) -> tuple[Finding, ...]:
        raise NotImplementedError  # all are needed

    # checks
    def has(self, view: View) -> bool:
        return view is View.HOST

    def before(self, release: Release, hosts: tuple[str, ...], compared: Mapping[str, Release]) -> None:
        pass

    def gate(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: tuple[str, ...],
        view: View,
        excused: frozenset[str],  # noqa: ARG002
    ) -> tuple[Finding, ...]:
        assert set(previous) == set(hosts)
        assert view is View.HOST
        return tuple(self._verified(release, host) for host in hosts)

    def _verified(self, release: Release, host: str) -> Finding:
        if self.live[host] != release.id:
            return finding("running", F, host)
        return self._found("login", VERDICTS[self.choose(len(VERDICTS))], host)

    def watch(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: tuple[str, ...],
        excused: frozenset[str],
        seconds: float,
        over: Callable[[], bool],
    ) -> tuple[Finding, ...]:
        raise NotImplementedError  # no watch

    def once(self, live: Mapping[str, Release]) -> tuple[Finding, ...]:
        raise NotImplementedError  # no preflight

    # journal
    def record(self, *facts: Fact) -> None:
        for fact in facts:
            if isinstance(fact, Ended):
                assert all(self.live[host] == live for host, live in fact.live), f"{fact}, but it is {self.live}"
            self.past = Past(*self.past.records, record(len(self.past.records), fact, self.operation))
            self.killed(self.now)

    def ahead(self, fact: Fact) -> bytes:
        raise NotImplementedError  # no switch is to be confirmed

    def lines(self) -> bytes:
        return b"lines"


Planning = Callable[[Sequence[Sighting], Known], Plan]


def deploying(seen: Sequence[Sighting], known: Known) -> Plan:
    return planning.deploy(V3, seen, known, ONE_BY_ONE)


def going_back(seen: Sequence[Sighting], known: Known) -> Plan:
    return undo(seen, known, ONE_BY_ONE) or planning.rollback(None, seen, known, ONE_BY_ONE)


def resuming(seen: Sequence[Sighting], known: Known) -> Plan:
    found = resume(seen, known, ONE_BY_ONE) or confirm(seen, known, ONE_BY_ONE)
    if found is None:
        raise Refused("nothing was left")
    return found


def carried_out(
    planning: Planning, state: State, policy: Policy, choose: Callable[[int], int], killed: Killed
) -> tuple[State, Ending]:
    """Raises: Refused."""
    world, known = World(state, choose, killed), state.past.known
    asked = Asked(lambda seen: planning(seen, known), None, lambda _: None, (), known.standings)
    _, ending = conduct(asked, world.acquire(), policy, world.ports())
    return world.now(), ending


def undisturbed(planning: Planning, state: State, policy: Policy) -> tuple[State, Ending]:
    """All goes well. Raises: Refused."""
    return carried_out(planning, state, policy, lambda _: 0, lambda _: None)


@dataclass(slots=True)
class Explored:
    """states: all that can be left, by their keys. tried: histories of one operation that were gone through, in all
    states together; each kill is the end of one. covered: histories of all operations, one after the other."""

    policy: Policy
    states: dict[object, State] = field(default_factory=dict)
    tried: int = 0
    covered: int = 0

    def deploys(self, hosts: int, killed_again: int) -> Explored:
        """What a deploy can leave, and what as many rollbacks after it can leave that are killed too."""
        before = State((V1.id,) * hosts, (None,) * hosts, Past(judged(0, V2), judged(1, V1)))
        todo = self._left_by(deploying, {before.key(): 1}, {before.key(): before})
        for _ in range(killed_again):
            todo = self._left_by(going_back, todo, self.states)
        return self

    def _left_by(
        self, planning: Planning, todo: Mapping[object, int], states: Mapping[object, State]
    ) -> dict[object, int]:
        """todo: how many histories lead to each state. Those that lead to new states."""
        known, left = set(self.states), dict[object, int]()
        for key, ways in todo.items():
            for after in self._histories(planning, states[key]):
                left[after] = left.get(after, 0) + ways
        self.covered = sum(left.values()) if not known else self.covered + sum(left.values())
        return {key: ways for key, ways in left.items() if key not in known}

    def _histories(self, planning: Planning, state: State) -> Iterator[object]:
        """What each leaves."""
        told: tuple[int, ...] | None = ()
        while told is not None:
            choices, left = Choices(told), list[State]()
            try:
                left.append(carried_out(planning, state, self.policy, choices, _when_new(choices, left))[0])
            except Refused:
                left.append(state)
            yield from map(self._key, left)
            told = choices.next()

    def _key(self, state: State) -> object:
        key = state.key()
        self.states.setdefault(key, state)
        self.tried += 1
        return key


def _when_new(choices: Choices, left: list[State]) -> Killed:
    """A kill before the run came to something new was the end of an earlier run's history."""
    return lambda now: left.append(now()) if choices.new else None
