"""How long an operation's parts took, from its records alone. Pure.

The parts are those of an incident: detect (switch to first failing finding), decide (to the first step back), execute
(to the fallback being switched on everywhere it must be), verify (to the last finding that it is well).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollback.model import Ended, Finding, Intended, Kind, Observed, Phase, Record, Result, Started


@dataclass(frozen=True, slots=True)
class Times:
    """Moments (UTC), None where there was none. A rollback by hand has no failing, decided and restored."""

    started: datetime | None = None
    switched: datetime | None = None  # the target was first switched on, anywhere
    failing: datetime | None = None  # the first required check that failed on it
    decided: datetime | None = None  # the way back was taken
    restored: datetime | None = None  # the fallback was switched on, on the last host
    verified: datetime | None = None
    ended: datetime | None = None

    def parts(self) -> tuple[tuple[str, float], ...]:
        """(detect | decide | execute | verify, seconds), those that can be told."""
        return tuple((name, (end - begin).total_seconds()) for name, begin, end in self.spans())

    def spans(self) -> tuple[tuple[str, datetime, datetime], ...]:
        """The same with when each began and ended."""
        chain = (self.switched, self.failing, self.decided, self.restored, self.verified)
        names = ("detect", "decide", "execute", "verify")
        pairs = zip(names, chain, chain[1:], strict=False)
        return tuple((name, begin, end) for name, begin, end in pairs if begin is not None and end is not None)


NEVER = Times()


def times(records: Iterable[Record]) -> Times:
    """Of one operation's records."""
    mine = sorted(records, key=lambda one: one.id)
    start = next((r for r in mine if isinstance(r.fact, Started)), None)
    if start is None or not isinstance(start.fact, Started):
        return NEVER
    target, fallback = start.fact.target, start.fact.fallback
    decided = _first(r.at for r in mine if _intends(r, Phase.ACTIVATE, fallback))
    drilled = start.fact.kind is Kind.DRILL and decided is None  # the way there is what it was made for
    wanted = target if drilled else fallback or target
    return Times(
        start.at,
        _first(r.at for r in mine if _intends(r, Phase.ACTIVATE, target)),
        _first(f.at for f in _findings(mine, target) if f.required and f.result is Result.FAIL),
        decided,
        _last(r.at for r in mine if _observed(r, Phase.ACTIVATE, fallback)),
        _last(r.at for r in mine if _observed(r, Phase.VERIFY, wanted)),
        _first(r.at for r in mine if isinstance(r.fact, Ended)),
    )


def _intends(record: Record, phase: Phase, release: object) -> bool:
    fact = record.fact
    return isinstance(fact, Intended) and fact.step.phase is phase and fact.step.release == release


def _observed(record: Record, phase: Phase, release: object) -> bool:
    fact = record.fact
    return (
        isinstance(fact, Observed)
        and fact.step is not None
        and (fact.step.phase, fact.step.release) == (phase, release)
    )


def _findings(records: Sequence[Record], release: object) -> Iterator[Finding]:
    for record in records:
        fact = record.fact
        if isinstance(fact, Observed) and fact.step is not None and fact.step.release == release:
            yield from fact.findings


def _first(moments: Iterable[datetime]) -> datetime | None:
    return min(moments, default=None)


def _last(moments: Iterable[datetime]) -> datetime | None:
    return max(moments, default=None)


def by_hand(records: Sequence[Record], target: object) -> tuple[tuple[str, float], ...]:
    """(execute | verify, seconds) of a rollback that a person, a gate or the watch began: from its start to the last
    host being switched, and on to the last finding that it is well."""
    began = _first(r.at for r in records)
    restored = _last(r.at for r in records if _observed(r, Phase.ACTIVATE, target))
    verified = _last(r.at for r in records if _observed(r, Phase.VERIFY, target))
    pairs = (("execute", began, restored), ("verify", restored, verified))
    return tuple((name, (b - a).total_seconds()) for name, a, b in pairs if a is not None and b is not None)
