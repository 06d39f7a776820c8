"""What operations left undone: those that never ended, and hosts that were away when they did. Pure.

An operation that was killed has no end; a stranded one, and one whose lease was taken away, did not settle anything; a
drill is over when the fleet is back where it was.
Whoever touches one of their hosts later, and ends, has taken that host over from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rollback.core.history import known_releases, observed, switched
from rollback.model import (
    Ended,
    Finding,
    Intended,
    Kind,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Reverted,
    Sighting,
    Started,
    Step,
)

_WITNESSES = 3
_VERIFIED = {Outcome.DONE, Outcome.PARTIAL}
_UNSETTLED = {Outcome.STRANDED, Outcome.FENCED}
_RESTED = {*_VERIFIED, Outcome.ROLLED_BACK}


@dataclass(frozen=True, slots=True)
class Left:
    """An operation that did not end. hosts: those that are still its own. touched: those of them that run, or may run,
    its target. arrived: every host of it was seen to pass its verification. migrated: what became of its migrations, as
    far as it is known; None: they were certainly not begun."""

    operation: str
    kind: Kind
    target: Release
    fallback: Release | None
    hosts: frozenset[str]
    touched: frozenset[str]
    arrived: bool = False
    migrated: Result | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """Where the last operation that settled something left the fleet.

    release: what it put on every host that it reached; None when the hosts differed. pending: hosts that were away.
    """

    release: Release | None = None
    by: Kind = Kind.DEPLOY
    pending: frozenset[str] = frozenset()


NO_REST = Rest()


def left(records: Iterable[Record]) -> tuple[Left, ...]:
    """Oldest first."""
    found: dict[str, Left] = {}
    for operation, mine in _operations(records):
        one = _left(operation, mine)
        end = _ended(mine)
        if end is not None and end.outcome not in _UNSETTLED:
            taken = _taken(one, end)
            found = {name: rest for name, was in found.items() if (rest := _without(taken, was)).hosts}
        if end is None or end.outcome in _UNSETTLED or (one.kind is Kind.DRILL and end.outcome in _VERIFIED):
            found[operation] = one
    return tuple(found.values())


def unfinished(records: Iterable[Record]) -> tuple[str, ...]:
    """The ids of operations that did not end, oldest first."""
    return tuple(one.operation for one in left(records))


def unheard(sightings: Iterable[Sighting], known: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """The journals to ask of each host. known: operations of which nothing more is to be heard.

    Each is asked of a few hosts at once: one of them may fail just then, or have heard less of it.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    asked: Counter[str] = Counter()
    for one in sightings:
        news = tuple(name for name in one.journals if name not in known and asked[name] < _WITNESSES)
        asked.update(news)
        wanted.update({one.host: news} if news else {})
    return wanted


def settling(records: Iterable[Record]) -> frozenset[str] | None:
    """The hosts for which neither `left` nor `rest` asks what was before these records; None: `rest` does for any."""
    taken, told, settled = set[str](), set[str](), False
    for operation, mine in _operations(records):
        end = _ended(mine)
        if end is not None and end.outcome not in _UNSETTLED:
            taken |= _taken(_left(operation, mine), end)
        if end is not None and _settles(end, mine):
            settled = True
            told |= {host for host, _ in end.live} | set(end.pending)
    return frozenset(taken & told) if settled else None


def rest(records: Iterable[Record]) -> Rest:
    """Where the fleet was left when an operation last ended with something settled."""
    every = tuple(records)
    known = known_releases(every)
    found = NO_REST
    for _, mine in _operations(every):
        end = _ended(mine)
        if end is not None and _settles(end, mine):
            found = _rested(found, _started(mine), end, known)
    return found


def within(found: Iterable[Left], hosts: frozenset[str]) -> tuple[Left, ...]:
    """As far as these hosts go: one that was taken out of the playbook is nobody's business any more."""
    cut = (_without(one.hosts - hosts, one) for one in found)
    return tuple(one for one in cut if one.hosts)


def _taken(one: Left, end: Ended) -> frozenset[str]:
    """The hosts that an operation which settled something took over from earlier ones."""
    return one.touched | (one.hosts - set(end.pending) if end.outcome in _VERIFIED else frozenset())


def _settles(end: Ended, mine: Iterable[Record]) -> bool:
    return end.outcome in _RESTED or bool(switched(mine))


def _rested(before: Rest, start: Started, end: Ended, known: Mapping[str, Release]) -> Rest:
    live = {release for host, release in end.live if host not in end.pending}
    if not live and end.outcome in _VERIFIED:
        live = {start.target.id}  # it was verified everywhere, and then no host heard the end
    everywhere = known.get(live.pop() or "") if len(live) == 1 and end.outcome in _RESTED else None
    pending = (before.pending - {host for host, _ in end.live}) | set(end.pending)
    went_back = start.kind is Kind.DEPLOY and everywhere not in {None, start.target}
    return Rest(everywhere, Kind.ROLLBACK if went_back else start.kind, frozenset(pending))


def _operations(records: Iterable[Record]) -> Iterable[tuple[str, tuple[Record, ...]]]:
    """By the time at which they began: whoever began later held the lease later."""
    groups: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda one: one.id):
        groups.setdefault(record.operation, []).append(record)
    return ((name, tuple(mine)) for name, mine in groups.items() if any(isinstance(r.fact, Started) for r in mine))


def _started(mine: Iterable[Record]) -> Started:
    return next(r.fact for r in mine if isinstance(r.fact, Started))


def _left(operation: str, mine: tuple[Record, ...]) -> Left:
    start = _started(mine)
    hosts, touched = frozenset(start.hosts), switched(mine)
    passed = {host for step in _verified(mine) if step.release == start.target for host in step.hosts}
    turned = any(isinstance(r.fact, Reverted) for r in mine) or not _held_out(mine)
    arrived = hosts <= passed and not turned
    run = _migrated(mine)
    return Left(operation, start.kind, start.target, start.fallback, hosts | touched, touched, arrived, run)


def _without(taken: frozenset[str], was: Left) -> Left:
    return replace(was, hosts=was.hosts - taken, touched=was.touched - taken)


def _migrated(mine: tuple[Record, ...]) -> Result | None:
    """Begun and not heard of again: nobody knows."""
    seen = (fact for fact in observed(mine) if fact.step and fact.step.phase is Phase.MIGRATE)
    results = [one.result for fact in seen for one in fact.findings]
    if not any(isinstance(r.fact, Intended) and r.fact.step.phase is Phase.MIGRATE for r in mine):
        return None
    last = results[-1] if results else Result.ERROR
    return None if last is Result.SKIPPED else last


def _ended(mine: Iterable[Record]) -> Ended | None:
    return next((r.fact for r in reversed(tuple(mine)) if isinstance(r.fact, Ended)), None)


def _verified(mine: Iterable[Record]) -> Iterable[Step]:
    seen = observed(mine)
    return (fact.step for fact in seen if fact.step and fact.step.phase is Phase.VERIFY and _passed(fact.findings))


def _held_out(mine: Iterable[Record]) -> bool:
    """Nothing was amiss in the watch, if it was watched."""
    seen = (fact for fact in observed(mine) if fact.step and fact.step.phase is Phase.WATCH)
    return all(_passed(fact.findings) for fact in seen)


def _passed(findings: tuple[Finding, ...]) -> bool:
    return bool(findings) and all(f.result is Result.PASS for f in findings if f.required)
