"""The deployments of an environment and the ways back from them, folded from its records. Pure, and linear.

A deployment is a deploy that switched a host: what was refused or failed before that changed nothing for anybody. It
failed when it was rolled back, left live though bad, or stranded; or when a gate, a person or a later rollback said so
of its commit. It is recovered from when another commit is verified everywhere, by its own operation or a later one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from rollback.core.history import switched
from rollback.core.times import NEVER, by_hand, times
from rollback.model import (
    Ended,
    Grade,
    Intended,
    Judged,
    Kind,
    Marked,
    Outcome,
    Record,
    Release,
    Reverted,
    Started,
    Watched,
    Withdrawn,
)

_FAILED = {Outcome.ROLLED_BACK, Outcome.LEFT, Outcome.STRANDED}
_STAYS = {Outcome.DONE, Outcome.PARTIAL}


@dataclass(frozen=True, slots=True)
class Deployment:
    """began: when its first host was switched (of one whose steps were left out: when the deploy began); ended: when it
    was over (UTC). failed: None when nobody can tell (held, or cut off). recovered: when; None when it did not fail or
    is not recovered from. elsewhere: a later operation did that. rework: the one before it had failed by then.
    """

    operation: str
    environment: str
    author: str
    release: Release
    began: datetime
    ended: datetime | None
    failed: bool | None
    recovered: datetime | None = None
    elsewhere: bool = False
    rework: bool = False


@dataclass(frozen=True, slots=True)
class WayBack:
    """A rollback, by itself or by hand. parts: (detect | decide | execute | verify, seconds), as far as known."""

    operation: str
    environment: str
    author: str
    began: datetime
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation's records, in their order."""

    start: Record
    records: tuple[Record, ...]
    started: Started | None
    end: Record | None
    outcome: Outcome | None

    @property
    def kind(self) -> Kind | None:
        return self.started.kind if self.started else None

    @property
    def target(self) -> str:
        return self.started.target.commit if self.started else ""

    @property
    def judged(self) -> Grade | None:
        """The last verdict on its own target, or whatever a gate judged."""
        every = (one.fact for one in reversed(self.records) if isinstance(one.fact, Judged))
        return next(
            (fact.verdict.grade for fact in every if fact.release.commit == self.target or not self.target), None
        )


@dataclass(slots=True)
class _Fold:
    """What is known so far. latest: a commit's newest deployment. noticed: when a commit was first said to be bad.
    well: (operation, commit, when) of everything that ended with one verified release everywhere."""

    made: list[Deployment] = field(default_factory=list)
    ways: list[WayBack] = field(default_factory=list)
    latest: dict[str, int] = field(default_factory=dict)
    noticed: dict[str, datetime] = field(default_factory=dict)
    well: list[tuple[str, str, datetime]] = field(default_factory=list)


def wanting(records: Iterable[Record]) -> frozenset[str]:
    """The operations whose steps, findings and verdicts are needed. They are most of a ledger, and nobody asks for
    those of a deploy that went well, of which nothing was said later, and of another commit than the one before."""
    every = tuple(records)
    facts = (one.fact for one in every if isinstance(one.fact, Withdrawn | Marked | Watched))
    spoken = {fact.release.commit for fact in facts if fact.release}
    wanted, before = set[str](), ""
    for one in _operations(every):
        smooth = one.kind is Kind.DEPLOY and one.outcome is Outcome.DONE
        if not smooth or one.target in spoken | {before}:
            wanted.add(one.start.operation)
        before = one.target if smooth else ""
    return frozenset(wanted)


def deployments(records: Iterable[Record]) -> tuple[tuple[Deployment, ...], tuple[WayBack, ...]]:
    """Of one environment's records, the oldest first. What is not `wanting` may be left out of them."""
    fold = _Fold()
    for one in _operations(records):
        _said(one, fold)
        if one.started is not None and one.started.kind is not Kind.DRILL:
            _done(one, one.started, fold)
    return tuple(_recovered(fold.made, fold.well)), tuple(fold.ways)


def _operations(records: Iterable[Record]) -> Iterator[_Operation]:
    grouped: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda one: one.id):
        grouped.setdefault(record.operation, []).append(record)
    for name in sorted(grouped):
        mine = tuple(grouped[name])
        started = next((one.fact for one in mine if isinstance(one.fact, Started)), None)
        end = next((one for one in reversed(mine) if isinstance(one.fact, Ended)), None)
        outcome = end.fact.outcome if end and isinstance(end.fact, Ended) else None
        yield _Operation(mine[0], mine, started, end, outcome)


def _said(one: _Operation, fold: _Fold) -> None:
    """What it says of releases that were deployed before."""
    for record in one.records:
        commit, grade = _opinion(record, one)
        if grade is Grade.BAD:
            fold.noticed.setdefault(commit, record.at)
        if grade is not None and not isinstance(record.fact, Watched):
            _condemn(fold, commit, failed=grade is Grade.BAD)


def _opinion(record: Record, one: _Operation) -> tuple[str, Grade | None]:
    match record.fact:
        case Judged(release, verdict) if one.started is None and verdict.grade is not Grade.UNKNOWN:
            return release.commit, verdict.grade
        case Marked(release, grade, _) if grade is not Grade.UNKNOWN:
            return release.commit, grade
        case Watched(Release() as release, Grade.BAD, _):
            return release.commit, Grade.BAD
        case _:
            return "", None


def _condemn(fold: _Fold, commit: str, *, failed: bool) -> None:
    """What failed stays so: that a person calls it good later does not undo that it was rolled back."""
    place = fold.latest.get(commit)
    if place is not None and not fold.made[place].failed:
        fold.made[place] = replace(fold.made[place], failed=failed)


def _done(one: _Operation, started: Started, fold: _Fold) -> None:
    unread = one.outcome is Outcome.DONE and not any(isinstance(record.fact, Intended) for record in one.records)
    took = NEVER if unread else times(one.records)
    touched = unread or switched(one.records)
    if one.kind is Kind.DEPLOY and touched:
        fold.noticed.pop(started.target.commit, None)
        fold.latest[started.target.commit] = len(fold.made)
        rework = bool(fold.made and fold.made[-1].failed)
        fold.made.append(replace(_deployment(one, started, took.switched or one.start.at), rework=rework))
    if took.decided is not None:
        fold.ways.append(_way(one, took.parts()))
    if one.kind is Kind.ROLLBACK and touched:
        fold.ways.append(_way(one, tuple(_by_hand(one, started, fold))))
        for record in one.records:
            if isinstance(record.fact, Withdrawn):
                _condemn(fold, record.fact.release.commit, failed=True)
    if well := _well(one, started, took.verified):
        fold.well.append(well)


def _deployment(one: _Operation, started: Started, began: datetime) -> Deployment:
    reverted = any(isinstance(record.fact, Reverted) for record in one.records)
    failed = True if reverted or one.outcome in _FAILED or one.judged is Grade.BAD else None
    if failed is None and (
        one.outcome is Outcome.DONE or (one.outcome is Outcome.PARTIAL and one.judged is Grade.GOOD)
    ):
        failed = False
    where = one.start.environment, one.start.author
    return Deployment(one.start.operation, *where, started.target, began, one.end.at if one.end else None, failed)


def _way(one: _Operation, parts: tuple[tuple[str, float], ...]) -> WayBack:
    return WayBack(one.start.operation, one.start.environment, one.start.author, one.start.at, parts)


def _by_hand(one: _Operation, started: Started, fold: _Fold) -> Iterator[tuple[str, float]]:
    """Detected when the watch, a gate or a person first said so, and decided when the rollback was begun; where nobody
    had said anything neither can be told."""
    left = [record.fact.release.commit for record in one.records if isinstance(record.fact, Withdrawn)]
    for commit in left[:1]:
        noticed, place = fold.noticed.get(commit), fold.latest.get(commit)
        if noticed is not None and place is not None:
            yield "detect", (noticed - fold.made[place].began).total_seconds()
            yield "decide", (one.start.at - noticed).total_seconds()
    yield from by_hand(one.records, started.target)


def _well(one: _Operation, started: Started, verified: datetime | None) -> tuple[str, str, datetime] | None:
    """Which commit it verified everywhere that could be reached."""
    if one.end is None or one.outcome not in {*_STAYS, Outcome.ROLLED_BACK}:
        return None
    undone = one.kind is Kind.DEPLOY and one.outcome is Outcome.PARTIAL and one.judged is not Grade.GOOD
    back = undone or one.outcome is Outcome.ROLLED_BACK
    commit = (started.fallback.commit if started.fallback else "") if back else started.target.commit
    return one.start.operation, commit, (verified if back and verified else one.end.at)


def _recovered(made: Sequence[Deployment], well: Sequence[tuple[str, str, datetime]]) -> Iterator[Deployment]:
    """Each that failed, with the first time after it that another commit was well."""
    names = [name for name, _, _ in well]
    other = [len(well)] * (len(well) + 1)  # the next one with another commit
    for place in range(len(well) - 2, -1, -1):
        other[place] = place + 1 if well[place + 1][1] != well[place][1] else other[place + 1]
    for one in made:
        place = bisect_left(names, one.operation)
        if place < len(well) and well[place][1] == one.release.commit:
            place = other[place]
        if one.failed and place < len(well):
            name, _, at = well[place]
            yield replace(one, recovered=at, elsewhere=name != one.operation)
        else:
            yield one
