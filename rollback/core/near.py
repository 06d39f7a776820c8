"""What of a ledger bears on what is live now, however long the ledger is. Pure: a Shelf is asked, step by step.

`recent` is the end of history without a gap, so far back that whatever was before it is over on every host: each was
taken over, and its whereabouts told, by an operation that settled something; and as far as the last word on what is
live, was live before, or is intended. `older` are earlier operations with a word on a release at hand.
`known` decides from both as from all records: tests/core/test_near.py holds it to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rollback.core.freeze import freeze
from rollback.core.history import pins, standings
from rollback.core.left import left, rest, settling, within
from rollback.core.plan import Known
from rollback.core.shelf import Names, Shelf, digits, judged
from rollback.model import Judged, Record, Release, Sighting, Started

RECENT = 20  # operations that are read in any case: they cost less than a host's answer
_LAST = frozenset({"started", "marked", "watched", "frozen", "unfrozen"})


@dataclass(frozen=True, slots=True)
class Near:
    """See above. older: without words on releases of which not every word is here."""

    recent: tuple[Record, ...] = ()
    older: tuple[Record, ...] = ()

    @property
    def every(self) -> tuple[Record, ...]:
        return tuple(sorted((*self.older, *self.recent), key=lambda one: one.id))


@dataclass(frozen=True, slots=True)
class Regarded:
    """What a command asks about beside what the hosts show. digits: of commits."""

    tags: Names = frozenset()
    digits: Names = frozenset()

    def __or__(self, other: Regarded) -> Regarded:
        return Regarded(self.tags | other.tags, self.digits | other.digits)


def known(records: Near, hosts: Names) -> Known:
    """What planning goes by, as far as the environment's hosts are concerned."""
    every = records.every
    rested = rest(records.recent)
    here = replace(rested, pending=rested.pending & hosts)
    return Known(standings(every), pins(every), within(left(records.recent), hosts), here, freeze(every))


def near(shelf: Shelf, sightings: Sequence[Sighting], hosts: Names, regarded: Regarded, least: int = RECENT) -> Near:
    """hosts: of the environment, by name. least: operations that are read in any case."""
    recent = _recent(shelf, shelf.newest(least) | _begun(sightings) | _last_words(shelf, sightings), hosts)
    mine = frozenset(one.operation for one in recent)
    present = tuple(release for one in sightings for release in one.releases)
    targets = tuple(one for record in recent for one in _mentioned(record))
    tags = regarded.tags | {one.tag for one in (*present, *targets)}
    pinned = shelf.read(shelf.starting(tags) - mine)
    about = regarded.digits | _shown(sightings) | {one.commit[:12] for one in (*present, *targets, *_targets(pinned))}
    about |= {one for record in recent if (one := judged(record))}
    mine |= {one.operation for one in pinned}
    words = shelf.read((shelf.judging(about) | shelf.latest(_LAST)) - mine)
    mine |= {one.operation for one in words}
    moved = shelf.read(shelf.starting(frozenset(one.tag for one in _targets(words)) - tags) - mine)
    older = (one for one in (*pinned, *words, *moved) if judged(one) in about | {None})
    return Near(recent, tuple(sorted(older, key=lambda one: one.id)))


def around(shelf: Shelf, mine: Sequence[Record]) -> tuple[Record, ...]:
    """What bears on how one operation of long ago is explained: from the last word on where it came from, or led back
    to, until its end. mine: its records, by id."""
    if not mine:
        return ()
    began, about = mine[0].id, frozenset(one.commit[:12] for record in mine for one in _mentioned(record))
    words = tuple(one for one in shelf.read(shelf.judging(about)) if one.id < began)
    stood = {(one.release.commit[:12], one.since) for one in standings(words).values()}
    spoken = (one.id for one in words if judged(one) in about and (judged(one), one.at) in stood)
    span = shelf.read(shelf.since(min(spoken, default=began), mine[-1].id))
    about |= {one for record in span if (one := judged(record))}
    every = {one.id: one for one in (*span, *shelf.read(shelf.judging(about))) if judged(one) in about | {None}}
    return tuple(every[one] for one in sorted(every))


def _mentioned(record: Record) -> tuple[Release, ...]:
    match record.fact:
        case Started(target=target, fallback=fallback):
            return tuple(filter(None, (target, fallback)))
        case Judged(release=release):
            return (release,)
        case _:
            return ()


def _recent(shelf: Shelf, have: Names, hosts: Names) -> tuple[Record, ...]:
    """From the first of these operations on, or from before it: no operation goes on across its beginning."""
    records = shelf.read(have)
    while records:
        first = min(one.id for one in records)
        more = shelf.since(first) - have
        if not more and (earlier := _earlier(shelf, records, hosts, first)):
            more = shelf.since(earlier) - have
        if not more:
            break
        have |= more
        records = (*records, *shelf.read(more))
    return tuple(sorted(records, key=lambda one: one.id))


def _earlier(shelf: Shelf, records: Iterable[Record], hosts: Names, first: str) -> str | None:
    """A record that must be in it, too."""
    settled = settling(records)
    if settled is None:
        return shelf.naming(frozenset(), first)
    return shelf.naming(hosts - settled, first) if hosts - settled else None


def _begun(sightings: Iterable[Sighting]) -> Names:
    by = (one.operation for s in sightings for one in (s.intent, s.lease) if one is not None)
    return frozenset(by)


def _last_words(shelf: Shelf, sightings: Iterable[Sighting]) -> Names:
    found = (max(shelf.judging(frozenset({one})), default="") for one in _shown(sightings))
    return frozenset(filter(None, found))


def _shown(sightings: Iterable[Sighting]) -> Names:
    """The digits of what is live, was live before, or is intended."""
    seen = tuple(sightings)
    intents = [s.intent for s in seen if s.intent]
    ids = [one for s in seen for one in (s.live, s.previous)] + [one for i in intents for one in (i.previous, i.target)]
    return frozenset(digits(one) for one in ids if one)


def _targets(records: Iterable[Record]) -> tuple[Release, ...]:
    return tuple(one.fact.target for one in records if isinstance(one.fact, Started))
