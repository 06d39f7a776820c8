"""The long watch of what is live: what it says, what it said last, and whether it may roll back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rollback.core.judge import judge
from rollback.core.series import condensed
from rollback.model import (
    Ended,
    Finding,
    Grade,
    Judged,
    Kind,
    Limits,
    Marked,
    Outcome,
    Record,
    Release,
    Started,
    Verdict,
    Watched,
)

_STAYS = {Outcome.DONE, Outcome.PARTIAL}


@dataclass(frozen=True, slots=True)
class Vigil:
    """What was found of one release (None: the hosts differ), as far back as limits are counted."""

    release: Release | None = None
    findings: tuple[Finding, ...] = ()

    def seeing(self, release: Release | None, found: Sequence[Finding], since: datetime) -> Vigil:
        """One round more. since: UTC; what is older counts no more. It begins anew with another release."""
        before = self.findings if release == self.release else ()
        return replace(self, release=release, findings=condensed(f for f in (*before, *found) if f.at >= since))

    def verdict(self, limits: Mapping[str, Limits]) -> Verdict:
        return judge(self.findings, limits)


def last_said(records: Iterable[Record]) -> Watched | None:
    """Across restarts: what was said already is not said again."""
    said = [one.fact for one in sorted(records, key=lambda one: one.id) if isinstance(one.fact, Watched)]
    return said[-1] if said else None


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the long watch holds against what is live. release: None when the hosts differed. since: UTC."""

    release: Release | None
    grade: Grade
    reason: str
    since: datetime


def alarm(records: Iterable[Record]) -> Alarm | None:
    """Its last word, unless that was good, or something was done or judged since."""
    every = sorted(records, key=lambda one: one.id)
    last = next((one for one in reversed(every) if isinstance(one.fact, Watched | Started | Marked | Judged)), None)
    if last is None or not isinstance(last.fact, Watched) or last.fact.grade is Grade.GOOD:
        return None
    return Alarm(last.fact.release, last.fact.grade, last.fact.reason, last.at)


def may_roll_back(records: Iterable[Record], live: Release | None, now: datetime, within: float) -> bool:
    """Only from a deploy that ended at most so many seconds ago, if nobody has done or said anything since.

    What was rolled back was no deploy: so it never happens twice.
    """
    every = sorted(records, key=lambda one: one.id)
    begun = [one for one in every if isinstance(one.fact, Started | Marked)]
    if not begun or not isinstance(begun[-1].fact, Started) or live is None:
        return False
    last = begun[-1].fact
    ends = [one for one in every if one.operation == begun[-1].operation and isinstance(one.fact, Ended)]
    return (
        (last.kind, last.target) == (Kind.DEPLOY, live)
        and bool(ends)
        and _stays(ends[-1])
        and now - ends[-1].at <= timedelta(seconds=within)
    )


def _stays(end: Record) -> bool:
    return isinstance(end.fact, Ended) and end.fact.outcome in _STAYS
