"""The explanation of an operation that ended: of one that ends now, and of one that only the ledger remembers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rollback.core.explain import Explanation, parts, way
from rollback.core.history import known_releases, observed
from rollback.core.times import times
from rollback.model import (
    Ended,
    Ending,
    Finding,
    Grade,
    Intended,
    Judged,
    Kind,
    Phase,
    Record,
    Release,
    Result,
    Started,
    Verdict,
)

GATE = "gate"
_BACKWARDS = {Kind.ROLLBACK, Kind.RESUME}


@dataclass(frozen=True, slots=True)
class Subject:
    """What an operation was about. what: the command's word. barred: see Explanation."""

    what: str
    environment: str
    operation: str
    target: Release
    fallback: Release | None
    barred: bool = False


def explained(subject: Subject, ending: Ending, mine: Sequence[Record], records: Iterable[Record]) -> Explanation:
    """mine: the records that it rests on, as far as the ledger has them; records: all of the environment."""
    goal = subject.target if subject.what in _BACKWARDS else subject.fallback
    back_to, skipped = way(goal, None if goal == subject.target else subject.target, mine, records)
    return Explanation(
        what=subject.what,
        environment=subject.environment,
        outcome=ending.outcome,
        verdict=ending.verdict,
        operation=subject.operation,
        author=next((one.author for one in mine), ""),
        target=subject.target,
        fallback=subject.fallback,
        barred=subject.barred,
        reason=ending.reason,
        back=ending.back,
        live=ending.live,
        away=ending.away,
        back_to=back_to,
        skipped=skipped,
        parts=parts(mine),
        times=times(mine),
    )


def recalled(operation: str, records: Iterable[Record]) -> Explanation | None:
    """From the ledger alone; None when it did not end, or was no operation that judged anything."""
    every = tuple(records)
    mine = sorted((one for one in every if one.operation == operation), key=lambda one: one.id)
    subject = _subject(mine, every)
    end = next((one.fact for one in reversed(mine) if isinstance(one.fact, Ended)), None)
    if subject is None or end is None:
        return None
    return explained(subject, _ending(subject, end, mine), mine, every)


def _subject(mine: Sequence[Record], every: Sequence[Record]) -> Subject | None:
    """A gate begins nothing: it is told by its verdict, and where it went back to by what was live then."""
    for one in mine:
        fact = one.fact
        if isinstance(fact, Started):
            return Subject(fact.kind, one.environment, one.operation, fact.target, fact.fallback)
        if isinstance(fact, Judged):
            there = _elsewhere(fact.release, mine, every)
            return Subject(GATE, one.environment, one.operation, fact.release, there)
    return None


def _elsewhere(target: Release, mine: Sequence[Record], every: Sequence[Record]) -> Release | None:
    known = known_releases(every)
    live = [pair for one in mine if isinstance(one.fact, Ended) for pair in one.fact.live]
    return next((known[one] for _, one in live if one and one in known and one != target.id), None)


def _ending(subject: Subject, end: Ended, mine: Sequence[Record]) -> Ending:
    verdict = _verdict(subject.target, mine) or _unjudged(end, subject.target, mine)
    return Ending(end.outcome, verdict, end.live, end.reason, _back(subject, end, mine), end.pending)


def _verdict(release: Release, mine: Sequence[Record]) -> Verdict | None:
    """The last one; a doubt that its own operation had later takes nothing back of what was found (see history)."""
    facts = [one.fact for one in mine if isinstance(one.fact, Judged)]
    given = [fact.verdict for fact in facts if fact.release == release]
    sure = [one for one in given if one.grade is not Grade.UNKNOWN]
    return next(reversed(sure or given), None)


def _unjudged(end: Ended, target: Release, mine: Sequence[Record]) -> Verdict:
    """What speaks against it is the trouble that its own steps met, or, where none was begun, what was live before."""
    return Verdict(Grade.UNKNOWN, end.reason, _trouble(target, mine) or _trouble(None, mine))


def _back(subject: Subject, end: Ended, mine: Sequence[Record]) -> Verdict | None:
    """On the fallback, when the way back was taken."""
    back = subject.fallback
    steps = [one.fact.step for one in mine if isinstance(one.fact, Intended)]
    if back is None or not any((step.phase, step.release) == (Phase.ACTIVATE, back) for step in steps):
        return None
    return _verdict(back, mine) or Verdict(Grade.UNKNOWN, end.reason, _trouble(back, mine))


def _trouble(release: Release | None, mine: Sequence[Record]) -> tuple[Finding, ...]:
    """What was found amiss with a release; None: with what was live before."""
    facts = [one for one in observed(mine) if (one.step.release if one.step else None) == release]
    fine = {Result.PASS, Result.SKIPPED}
    return tuple(found for fact in facts for found in fact.findings if found.result not in fine)
