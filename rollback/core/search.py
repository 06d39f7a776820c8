"""Finds an incident in a ledger of any length, and what bears on it. Pure: a Shelf is asked, step by step.

Incidents are told apart by a walk through history: one goes on until all is well. So the walk may begin wherever all
was well and nothing was under way: from there on it finds what a walk through everything would find, and
tests/core/test_search.py holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, groupby

from rollback.core.incident import OVER, Incident, incident_of, incidents
from rollback.core.near import around
from rollback.core.shelf import LAST, Names, Shelf
from rollback.model import Ended, Record

_FEW = 50  # operations that are looked at first
_MORE = 4  # times as many next
_MARGIN = timedelta(days=3)  # other incidents, that a note may be nearer to, are looked for so far around one

Pick = Callable[[Sequence[Record]], Incident | None]
_Moment = tuple[str, datetime]  # by the writers' ids, and by their clocks


@dataclass(frozen=True, slots=True)
class Search:
    """floor: the least id of a record of that time. now: UTC."""

    shelf: Shelf
    floor: Callable[[datetime], str]
    now: datetime

    def last(self) -> Incident | None:
        """The last one; where there was none all is read to know it."""
        count, names = 0, frozenset[str]()
        while count == len(names):
            count = count * _MORE or _FEW
            names = self.shelf.newest(count)
            begin = min((one.at for one in self.shelf.read(frozenset(sorted(names)[:1]))), default=self.now)
            if found := self._found(lambda records: next(reversed(incidents(records)), None), begin, self.now):
                return found
        return None

    def of(self, operations: Names) -> Incident | None:
        """See incident_of."""
        mine = [one.at for one in self.shelf.read(operations)]
        return self._found(lambda records: incident_of(records, tuple(operations)), min(mine), max(mine))

    def holding(self, operation: str, at: datetime) -> Incident | None:
        """The one that a note, which is an operation of its own, is part of. at: what it is about."""
        return self._found(lambda records: _holding(incidents(records), operation), at, at)

    def _found(self, pick: Pick, begin: datetime, end: datetime) -> Incident | None:
        """In ever more of history, until the incident's beginning and its end have all around them that matters."""
        begin, end = begin - _MARGIN, end + _MARGIN
        while (one := pick(self._walk(begin, end))) is not None:
            first = one.began - _MARGIN
            last = end + (end - begin) if one.over is None else one.over + _MARGIN
            if begin <= first and min(last, self.now) <= end:
                return one
            begin, end = min(begin, first), max(end, last)
        return None

    def _walk(self, begin: datetime, end: datetime) -> tuple[Record, ...]:
        """Whole operations, from where all was well before `begin`, to those under way at `end`; and the notes."""
        first, until = self.floor(begin), LAST if end >= self.now else self.floor(end)
        names, start = self.shelf.since(first, until), first
        records = self.shelf.read(names)
        while (walk := _from_well(records, first)) is None:
            start = min(start, *(one.id for one in records)) if records else start
            more = self.shelf.since(start, first) - names
            if not more and (earlier := self.shelf.naming(frozenset(), start)):
                start = earlier
                more = self.shelf.since(earlier, first) - names
            if not more:
                walk = records
                break
            names |= more
            records = (*records, *self.shelf.read(more))
        return _sorted((*walk, *self.shelf.of_kind("noted", first)))


def bearing(shelf: Shelf, incident: Incident) -> tuple[Record, ...]:
    """What a report of it is made from: from where the bad release, and what was good before it, came from; and every
    drill."""
    mine = incident.records
    if incident.bad is not None:
        begun = shelf.read(shelf.starting(frozenset({incident.bad.tag})))
        mine = _sorted({*mine, *(one for one in begun if one.id < mine[0].id)})
    return _sorted({*around(shelf, mine), *shelf.of_kind("drilled")})


def _from_well(records: Iterable[Record], first: str) -> tuple[Record, ...] | None:
    """Those after an operation that left all well before the record `first`, with nothing else under way."""
    every = sorted(records, key=lambda one: (one.operation, one.id))
    mine = [tuple(group) for _, group in groupby(every, key=lambda one: one.operation)]
    ends = list(accumulate((_last(group) for group in mine), _later))
    begins = list(accumulate((_first(group) for group in reversed(mine)), _earlier))[::-1]
    for place in range(len(mine) - 1, -1, -1):
        (last, late), after = ends[place], mine[place + 1 :]
        apart = not after or (last < begins[place + 1][0] and late < begins[place + 1][1])
        if last < first and apart and _ended_well(mine[place]):
            return tuple(one for group in after for one in group)
    return None


def _last(mine: Iterable[Record]) -> _Moment:
    every = tuple(mine)
    return max(one.id for one in every), max(one.at for one in every)


def _first(mine: Iterable[Record]) -> _Moment:
    every = tuple(mine)
    return min(one.id for one in every), min(one.at for one in every)


def _later(one: _Moment, other: _Moment) -> _Moment:
    return max(one[0], other[0]), max(one[1], other[1])


def _earlier(one: _Moment, other: _Moment) -> _Moment:
    return min(one[0], other[0]), min(one[1], other[1])


def _holding(every: Iterable[Incident], operation: str) -> Incident | None:
    return next((one for one in every if any(r.operation == operation for r in one.records)), None)


def _ended_well(mine: Iterable[Record]) -> bool:
    return any(isinstance(one.fact, Ended) and one.fact.outcome in OVER for one in mine)


def _sorted(records: Iterable[Record]) -> tuple[Record, ...]:
    return tuple(sorted(records, key=lambda one: one.id))
