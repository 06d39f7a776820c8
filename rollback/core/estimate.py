"""How long a rollback would take: from what was measured here, and never a guess. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollback.core.past import Past, past
from rollback.core.times import times
from rollback.model import Intended, Kind, Observed, Outcome, Phase, Record, Started

_TRIPS = 4  # see and lease, switch, verify, close; a wave's own are in what was measured of it


@dataclass(frozen=True, slots=True)
class Estimate:
    """seconds: for `waves` waves. of: the operation it was measured in; at: UTC. whole: it was a rollback itself,
    otherwise the switches of a deploy, and the round trips as they are now."""

    seconds: float
    waves: int
    of: str
    at: datetime
    whole: bool


def estimate(records: Iterable[Record], waves: int, round_trip: float) -> Estimate | None:
    """From the newest rollback that ended well, else from the newest deploy's switches; None before the first.

    waves: how many a rollback would take now. round_trip: seconds, to the slowest host.
    """
    kept = tuple(records)
    rows = [row for row in past(kept) if row.outcome in {Outcome.DONE, Outcome.ROLLED_BACK}]
    found = next(_measured(rows, kept, waves), None)
    return found or next(_composed(rows, kept, waves, round_trip), None)


def _measured(rows: Sequence[Past], records: Sequence[Record], waves: int) -> Iterator[Estimate]:
    """Whole ways back, newest first: a rollback by hand, or a drill of one, from its start; one by itself from when it
    was decided."""
    for row in rows:
        mine = [r for r in records if r.operation == row.operation]
        took = times(mine)
        begin = took.decided or (took.started if _is_whole(mine) else None)
        done = sum(1 for _ in _switches(mine, since=begin)) if begin else 0
        if begin and took.verified and done:
            whole = (took.verified - begin).total_seconds()
            yield Estimate(whole * waves / done, waves, row.what, row.at, whole=True)


def _composed(rows: Sequence[Past], records: Sequence[Record], waves: int, round_trip: float) -> Iterator[Estimate]:
    """Deploy and rollback are one engine: the slowest wave of a deploy is what a wave of a rollback takes."""
    for row in rows:
        spans = list(_switches([r for r in records if r.operation == row.operation], since=row.at))
        if spans:
            yield Estimate(max(spans) * waves + _TRIPS * round_trip, waves, row.what, row.at, whole=False)


def _switches(records: Iterable[Record], since: datetime) -> Iterator[float]:
    """Seconds of each wave, from its switch to the end of its verification."""
    steps = [r for r in sorted(records, key=lambda one: one.id) if isinstance(r.fact, (Intended, Observed))]
    begun = None
    for record in steps:
        fact = record.fact
        step = fact.step if isinstance(fact, (Intended, Observed)) else None
        if step is None or record.at < since:
            continue
        if isinstance(fact, Intended) and step.phase is Phase.ACTIVATE:
            begun = record.at
        if isinstance(fact, Observed) and step.phase is Phase.VERIFY and begun is not None:
            yield (record.at - begun).total_seconds()
            begun = None


def _is_whole(records: Iterable[Record]) -> bool:
    """A way back as a whole; a resumed one is a part of one."""
    return any(isinstance(r.fact, Started) and r.fact.kind in {Kind.ROLLBACK, Kind.DRILL} for r in records)
