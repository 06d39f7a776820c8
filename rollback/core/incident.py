"""Incidents: the operations from the first thing that went wrong to what was seen to work again, told apart. Pure.

An incident begins with a required check that failed on what people have, with a release that could not be switched on,
or with a person who went back though no check had failed. It goes on, whatever is done, until an operation ends with
every host verified, or the long watch, or a person, finds what is live good again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from rollback.core.history import observed, switched
from rollback.core.lives import lives
from rollback.core.times import Times
from rollback.model import (
    JUDGED,
    Ended,
    Finding,
    Grade,
    Intended,
    Judged,
    Kind,
    Marked,
    Noted,
    Observed,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Started,
    Watched,
    Withdrawn,
)

OVER = {Outcome.DONE, Outcome.ROLLED_BACK}
_NEAR = timedelta(days=1)  # a note further from every incident than that is part of none


@dataclass(frozen=True, slots=True)
class Incident:
    """began: the first thing that went wrong, or that was done about it. noticed: a check, or the watch, found it.
    over: when it was seen to work again; None: it was not yet. bad: the release it happened with; good: what was then
    verified. records: of its operations, and the notes of it, by id. All times UTC."""

    operations: tuple[str, ...]
    records: tuple[Record, ...] = field(repr=False)
    began: datetime
    noticed: bool
    over: datetime | None = None
    bad: Release | None = None
    good: Release | None = None

    @property
    def notes(self) -> tuple[Noted, ...]:
        """By the time they are about."""
        said = (one.fact for one in self.records if isinstance(one.fact, Noted))
        return tuple(sorted(said, key=lambda one: one.at))


def incidents(records: Iterable[Record]) -> tuple[Incident, ...]:
    """Oldest first, each with its notes."""
    found: list[Incident] = []
    for mine in _operations(records):
        last = found[-1] if found else None
        if last is not None and (last.over is None or mine[0].at <= last.over):
            found[-1] = _joined(last, mine)
        elif (begun := _begun(mine)) is not None:
            found.append(begun)
    return _with_notes(found, records)


def incident_of(records: Sequence[Record], operations: Sequence[str]) -> Incident | None:
    """The one that these operations are part of, and they, too, where they are part of none; None when there are no
    such records."""
    known = [one for one in incidents(records) if any(r.operation in operations for r in one.records)]
    names = {*operations, *(name for one in known for name in one.operations)}
    groups = [mine for mine in _operations(records) if mine[0].operation in names]
    if not groups:
        return None
    whole = _begun(groups[0]) or _quiet(groups[0])
    for mine in groups[1:]:
        whole = _joined(whole, mine)
    return replace(whole, records=_sorted({*whole.records, *(r for one in known for r in one.records)}))


def moments(incident: Incident, records: Iterable[Record]) -> Times:
    """When what came: the release switched on, the first failing finding, the first step back, the last, verified."""
    every = sorted(records, key=lambda one: one.id)
    back = [r for r in incident.records if r.at >= incident.began and _activates_other(r, incident.bad)]
    done = [r for r in incident.records if _activated(r, incident.good)]
    return Times(
        started=incident.began,
        switched=_switched(every, incident),
        failing=incident.began if incident.noticed else None,
        decided=min((one.at for one in back), default=None),
        restored=max((one.at for one in done), default=None) if back else None,
        verified=incident.over if back else None,
        ended=incident.over,
    )


def _switched(every: Sequence[Record], incident: Incident) -> datetime | None:
    """Since when the bad release was on the first of the hosts that had it when the trouble began."""
    there = lives((one for one in every if one.at <= incident.began), incident.bad)
    last = (mine[-1] for mine in there.values() if mine)
    return min((one.since for one in last if incident.bad and one.release == incident.bad), default=None)


def _activates_other(record: Record, bad: Release | None) -> bool:
    step = record.fact.step if isinstance(record.fact, Intended) else None
    return step is not None and step.phase is Phase.ACTIVATE and step.release != bad


def _activated(record: Record, release: Release | None) -> bool:
    step = record.fact.step if isinstance(record.fact, Observed) else None
    return step is not None and (step.phase, step.release) == (Phase.ACTIVATE, release)


def _operations(records: Iterable[Record]) -> Iterable[tuple[Record, ...]]:
    """Each operation's records; notes are none."""
    every = sorted((r for r in records if not isinstance(r.fact, Noted)), key=lambda r: (r.operation, r.id))
    return (tuple(group) for _, group in groupby(every, key=lambda r: r.operation))


def _begun(mine: Sequence[Record]) -> Incident | None:
    """An incident that begins with this operation. What failed within its limits is none."""
    by_hand = next((r for r in mine if _goes_back(r)), None)
    if by_hand is not None:
        begun = Incident((), (), by_hand.at, noticed=False, bad=_left(mine))
        return _joined(begun, mine) if switched(mine) else None
    failed = min(_failures(mine), key=lambda pair: pair[0], default=None)
    if failed is None or _is_fine(mine):
        return None
    return _joined(Incident((), (), failed[0], noticed=True, bad=failed[1]), mine)


def _is_fine(mine: Sequence[Record]) -> bool:
    """It ended with everything as it was asked for, where it could be."""
    ends = {r.fact.outcome for r in mine if isinstance(r.fact, Ended)}
    condemned = any(isinstance(r.fact, Judged) and r.fact.verdict.grade is Grade.BAD for r in mine)
    return Outcome.DONE in ends or (Outcome.PARTIAL in ends and not condemned)


def _quiet(mine: Sequence[Record]) -> Incident:
    """Of an operation in which nothing went wrong, because somebody asks for it."""
    target = next((r.fact.target for r in mine if isinstance(r.fact, Started)), None)
    return _joined(Incident((), (), mine[0].at, noticed=False, bad=target), mine)


def _failures(mine: Sequence[Record]) -> Iterable[tuple[datetime, Release | None]]:
    """When something went wrong, and with which release; None: with what was live before."""
    for fact in observed(mine):
        release, phase = (fact.step.release, fact.step.phase) if fact.step else (None, None)
        if phase is None or phase in JUDGED or phase is Phase.ACTIVATE:
            yield from ((one.at, release) for one in fact.findings if _speaks_against(one, phase))
    yield from ((r.at, r.fact.release) for r in mine if isinstance(r.fact, Watched) and r.fact.grade is Grade.BAD)


def _speaks_against(finding: Finding, phase: Phase | None) -> bool:
    """What may not have been switched on is as bad as what fails; a check that could not be asked says nothing."""
    wrong = {Result.FAIL, Result.ERROR} if phase is Phase.ACTIVATE else {Result.FAIL}
    return finding.required and finding.result in wrong


def _goes_back(record: Record) -> bool:
    return isinstance(record.fact, Started) and record.fact.kind is Kind.ROLLBACK


def _left(mine: Sequence[Record]) -> Release | None:
    return next((r.fact.release for r in mine if isinstance(r.fact, Withdrawn)), None)


def _joined(incident: Incident, mine: Sequence[Record]) -> Incident:
    over, good = _recovered(incident, mine)
    over = max(over, incident.began) if over else None  # whatever another machine's clock says
    return replace(
        incident,
        operations=(*incident.operations, mine[0].operation),
        records=_sorted({*incident.records, *mine}),
        over=max(filter(None, (incident.over, over)), default=None),
        bad=incident.bad or _left(mine),
        good=good or incident.good,
    )


def _recovered(incident: Incident, mine: Sequence[Record]) -> tuple[datetime | None, Release | None]:
    """When an operation's last finding said that it is well, and of which release."""
    end = next((r for r in reversed(mine) if isinstance(r.fact, Ended)), None)
    if end is not None and isinstance(end.fact, Ended) and end.fact.outcome in OVER:
        release = _stands(mine, end.fact.outcome)
        return max(_passes(mine, release), default=end.at), release
    said = [(r.at, r.fact.release) for r in mine if isinstance(r.fact, Watched) and r.fact.grade is Grade.GOOD]
    said += [(r.at, r.fact.release) for r in mine if isinstance(r.fact, Marked) and _is_lifted(r.fact, incident)]
    return max(said, key=lambda pair: pair[0], default=(None, None))


def _is_lifted(fact: Marked, incident: Incident) -> bool:
    return fact.grade is Grade.GOOD and fact.release == incident.bad


def _stands(mine: Sequence[Record], outcome: Outcome) -> Release | None:
    """What an operation left live, verified; a gate leaves what its rollback put there."""
    for one in mine:
        if isinstance(one.fact, Started):
            return one.fact.fallback if outcome is Outcome.ROLLED_BACK else one.fact.target
        if isinstance(one.fact, Judged):
            return None if outcome is Outcome.ROLLED_BACK else one.fact.release
    return None


def _passes(mine: Sequence[Record], release: Release | None) -> Iterable[datetime]:
    for fact in observed(mine):
        if fact.step is not None and fact.step.phase in JUDGED and fact.step.release == release:
            yield from (one.at for one in fact.findings if one.result is Result.PASS)


def _sorted(records: Iterable[Record]) -> tuple[Record, ...]:
    return tuple(sorted(records, key=lambda one: one.id))


def _with_notes(found: Sequence[Incident], records: Iterable[Record]) -> tuple[Incident, ...]:
    """A note is of the incident that it lies in, or is nearest to: it may be written long afterwards, or before."""
    own: dict[int, set[Record]] = {}
    for record in records:
        if isinstance(record.fact, Noted) and found:
            away, place = min((_away(record.fact.at, one), at) for at, one in enumerate(found))
            if away <= _NEAR:
                own.setdefault(place, set()).add(record)
    noted = ((one, own.get(at, set())) for at, one in enumerate(found))
    return tuple(replace(one, records=_sorted({*one.records, *mine})) for one, mine in noted)


def _away(at: datetime, incident: Incident) -> timedelta:
    if at < incident.began:
        return incident.began - at
    return max(timedelta(0), at - incident.over) if incident.over else timedelta(0)
