"""An incident that is found in a part of the ledger is the one that all of it tells: of many random histories."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

import pytest

from rollback.core.incident import Incident, incident_of, incidents, moments
from rollback.core.recall import recalled
from rollback.core.search import Search, bearing
from rollback.core.shelf import LAST, Names, Pile
from rollback.model import Fact, Frozen, Grade, Noted, Observed, Record, Unfrozen, Watched
from rollback.report.chronicle import chronicle
from tests.build import EPOCH, record
from tests.core.test_near import history
from tests.dashboard.told import months
from tests.seeds import seeds


@dataclass(frozen=True)
class Past:
    """One record every so many hours, some of them notes about earlier times; operations are named as they begin."""

    records: tuple[Record, ...]
    hours: float

    @property
    def search(self) -> Search:
        return Search(Pile(self.records), self._floor, EPOCH + timedelta(hours=self.hours * len(self.records)))

    def _floor(self, at: datetime) -> str:
        return f"R{max(0, ceil((at - EPOCH) / timedelta(hours=self.hours))):05d}"


YEARS = tuple(months(2000))
EVERY = incidents(YEARS)
LONG_AGO = EVERY[9].operations[0]


def floor(at: datetime) -> str:
    return next((one.id for one in YEARS if one.at >= at), LAST)


def drawn(seed: int, length: int) -> Past:
    rng = random.Random(seed)
    hours = rng.choice((0.2, 2.0, 24.0))
    told = history(rng, rng.randrange(length))
    names = {name: f"O{place:05d}" for place, name in enumerate(dict.fromkeys(one.operation for one in told))}
    begun = (replace(one, operation=names[one.operation]) for one in told)
    timed = (_at(one, EPOCH + timedelta(hours=hours * place)) for place, one in enumerate(begun))
    return Past(tuple(_noted(one, rng) for one in timed), hours)


def _at(one: Record, at: datetime) -> Record:
    if isinstance(one.fact, Observed):
        found = tuple(replace(finding, at=at) for finding in one.fact.findings)
        return replace(one, at=at, fact=replace(one.fact, findings=found))
    return replace(one, at=at)


def _noted(one: Record, rng: random.Random) -> Record:
    if not isinstance(one.fact, Frozen | Unfrozen):
        return one
    fact: Fact = Noted("customers were told", one.at - timedelta(hours=rng.choice((0, 1, 20, 100))))
    return replace(one, operation=f"N{one.id}", fact=fact)


@seeds(fixed=40, drawn=20)
def test_the_last_incident_is_found_as_in_everything(seed: int) -> None:
    past = drawn(seed, 60)
    assert past.search.last() == next(reversed(incidents(past.records)), None)


@seeds(fixed=40, drawn=10)
def test_an_operation_s_incident_and_a_note_s_are_found_as_in_everything(seed: int) -> None:
    past = drawn(seed, 40)
    every = incidents(past.records)
    for one in past.records[::11]:
        if isinstance(one.fact, Noted):
            found = past.search.holding(one.operation, one.fact.at)
            assert found == next((incident for incident in every if one in incident.records), None)
        else:
            assert past.search.of(frozenset({one.operation})) == incident_of(past.records, (one.operation,))


@seeds(fixed=40, drawn=10)
def test_its_report_is_made_from_a_part_as_from_everything(seed: int) -> None:
    past = drawn(seed, 60)
    for incident in incidents(past.records)[-3:]:
        part = bearing(Pile(past.records), incident)
        took = moments(incident, part)
        assert took == moments(incident, past.records)
        assert chronicle(incident, took, part) == chronicle(incident, took, past.records)
        assert [why(one, part) for one in incident.operations] == [
            why(one, past.records) for one in incident.operations
        ]


def why(operation: str, records: tuple[Record, ...]) -> object:
    found = recalled(operation, records)  # with nowhere to go back to all that was ever bad is skipped, and not told
    return replace(found, skipped=()) if found and found.back_to is None else found


@dataclass(frozen=True)
class Counting(Pile):
    """heard: the operations that were read."""

    heard: set[str] = field(default_factory=set)

    def read(self, operations: Names) -> tuple[Record, ...]:
        self.heard.update(operations)
        return Pile.read(self, operations)


@pytest.mark.parametrize("ask", [Search.last, lambda search: search.of(frozenset({LONG_AGO}))])
def test_of_a_long_history_only_what_is_around_is_read(ask: Callable[[Search], Incident | None]) -> None:
    pile = Counting(YEARS)
    incident = ask(Search(pile, floor, YEARS[-1].at))
    assert incident is not None
    assert incident in EVERY
    assert bearing(pile, incident)
    assert len(pile.heard) < 150, "of two thousand"


def test_an_incident_of_which_nobody_knows_the_release_has_a_report() -> None:
    """The watch found that what is live is bad, and no more."""
    pile = Pile((record(0, Watched(None, Grade.BAD, "login fails")),))
    (incident,) = incidents(pile.records)
    assert (incident.bad, bearing(pile, incident)) == (None, pile.records)
