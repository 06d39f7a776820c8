"""What the records say: which releases are known good, where tags were pinned, what is still needed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollback.model import (
    Grade,
    Intended,
    Judged,
    Kind,
    Marked,
    Observed,
    Phase,
    Record,
    Release,
    Result,
    Sighting,
    Started,
    Step,
    Withdrawn,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The last word on a commit in this environment. since: UTC. withdrawn: a person rolled it back."""

    release: Release
    grade: Grade
    since: datetime
    reason: str
    withdrawn: bool = False

    @property
    def eligible(self) -> bool:
        """May it be chosen as a fallback?"""
        return self.grade is Grade.GOOD and not self.withdrawn


Standings = Mapping[str, Standing]  # by commit: a verdict sticks to what was built, not to its name


def standings(records: Iterable[Record]) -> Standings:
    """The latest verdict on every commit, the oldest first: in the order of the records' ids, which follow what their
    writer knew of, whoever's clock was wrong.

    The last word counts, except that an unknown verdict takes no earlier one back but its own operation's, that an
    operation which began before a person marked a release bad or rolled it back does not make it good, and that what a
    rollback was to leave is not withdrawn when it switched nothing.
    """
    every = sorted(records, key=lambda one: one.id)
    idle = _idle(every) | _taken_back(every)
    found: dict[str, Standing] = {}
    begun = {one.operation: one.id for one in every if isinstance(one.fact, Started)}
    condemned: dict[str, str] = {}  # commit -> the record by which a person marked it bad, or rolled it back
    for record in (one for one in every if one.id not in idle):
        standing, fact = _standing(record, found), record.fact
        if isinstance(fact, Withdrawn):
            condemned[fact.release.commit] = record.id
        if standing is None or _too_late(record, standing, begun, condemned):
            continue
        found.pop(standing.release.commit, None)  # whatever clocks say: the last word comes last
        found[standing.release.commit] = standing
        if isinstance(fact, Marked):
            condemned[standing.release.commit] = record.id if standing.grade is Grade.BAD else ""
    return found


def _too_late(record: Record, standing: Standing, begun: Mapping[str, str], condemned: Mapping[str, str]) -> bool:
    """Whoever began before a person said otherwise makes nothing good."""
    return standing.eligible and begun.get(record.operation, record.operation) < condemned.get(
        standing.release.commit, ""
    )


def _idle(every: Sequence[Record]) -> frozenset[str]:
    """The withdrawals, by id, of operations that were refused every switch."""
    said = [one for one in every if isinstance(one.fact, Withdrawn)]
    mine = {one.operation: [r for r in every if r.operation == one.operation] for one in said}
    refused = {name for name, records in mine.items() if _tried(records) and not switched(records)}
    return frozenset(one.id for one in said if one.operation in refused)


def _taken_back(every: Sequence[Record]) -> frozenset[str]:
    """The verdicts, by id, that their own operation thought better of: what it went back to fails the same."""
    verdicts = [(one, one.fact) for one in every if isinstance(one.fact, Judged)]
    doubted = {(one.operation, fact.release) for one, fact in verdicts if fact.verdict.grade is Grade.UNKNOWN}
    bad = ((one, fact.release) for one, fact in verdicts if fact.verdict.grade is Grade.BAD)
    return frozenset(one.id for one, release in bad if (one.operation, release) in doubted)


def _standing(record: Record, found: Standings) -> Standing | None:
    match record.fact:
        case Judged(release, verdict) if verdict.grade is not Grade.UNKNOWN or release.commit not in found:
            return Standing(release, verdict.grade, record.at, verdict.rule)
        case Marked(release, grade, reason):
            return Standing(release, grade, record.at, f"marked {grade} by {record.author}: {reason}")
        case Withdrawn(release, why) if (grade := _grade(release, found)) is not Grade.BAD:
            said = f"rolled back by {record.author}" + (f": {why}" if why else "")
            return Standing(release, grade, record.at, said, withdrawn=True)
        case _:
            return None


def _grade(release: Release, found: Standings) -> Grade:
    known = found.get(release.commit)
    return known.grade if known else Grade.UNKNOWN


def switched(mine: Iterable[Record]) -> frozenset[str]:
    """The hosts that one operation's records say were switched, or may have been.

    Every attempt counts, whatever came of it, unless it was certainly not made.
    """
    every = tuple(mine)
    refused = {(f.step, one.host) for f in observed(every) for one in f.findings if one.result is Result.SKIPPED}
    return frozenset(host for step in _tried(every) for host in step.hosts if (step, host) not in refused)


def _tried(mine: Iterable[Record]) -> tuple[Step, ...]:
    intended = (r.fact.step for r in mine if isinstance(r.fact, Intended))
    return tuple(step for step in intended if step.phase is Phase.ACTIVATE)


def observed(mine: Iterable[Record]) -> Iterable[Observed]:
    """What an operation's steps, and its preflight, found."""
    return (r.fact for r in mine if isinstance(r.fact, Observed))


def pins(records: Iterable[Record]) -> Mapping[str, Release]:
    """Each tag as it was last deployed from: a tag that names another commit now was moved."""
    started = (r.fact for r in sorted(records, key=lambda one: one.id) if isinstance(r.fact, Started))
    return {fact.target.tag: fact.target for fact in started if fact.kind is Kind.DEPLOY}


def known_releases(records: Iterable[Record]) -> Mapping[str, Release]:
    """Every release the records mention as a target or fallback, by id."""
    facts = [r.fact for r in records if isinstance(r.fact, Started)]
    mentioned = [one for fact in facts for one in (fact.target, fact.fallback) if one is not None]
    return {release.id: release for release in mentioned}


@dataclass(frozen=True, slots=True)
class Kept:
    """A release on the hosts and why it stays; reason "" means that nothing needs it."""

    release: Release
    reason: str


def kept(sightings: Iterable[Sighting], found: Standings, keep: int) -> tuple[Kept, ...]:
    """Every complete release on the hosts with the reason for keeping it.

    Kept: live or previous on any host, named by an intent, the last two known good, the newest `keep` verified ones
    beside those; a bad release stays while it is among the newest `keep` bad ones, for the forensics.
    """
    seen = tuple(sightings)
    present = {release.id: release for sighting in seen for release in sighting.releases}
    reasons: dict[str, str] = {}
    for reason, ids in _needs(seen, present.values(), found, keep):
        for one in ids:
            reasons.setdefault(one, reason)
    return tuple(Kept(release, reasons.get(one, "")) for one, release in sorted(present.items()))


def _needs(
    seen: tuple[Sighting, ...], present: Iterable[Release], found: Standings, keep: int
) -> Iterable[tuple[str, tuple[str, ...]]]:
    rank = {commit: place for place, commit in enumerate(found)}
    judged = [release for release in present if release.commit in found]
    latest = sorted(judged, key=lambda one: rank[one.commit], reverse=True)
    newest = [(found[release.commit], release.id) for release in latest]
    good = tuple(one for standing, one in newest if standing.grade is Grade.GOOD)
    yield "live", tuple(s.live for s in seen if s.live)
    yield "previous", tuple(s.previous for s in seen if s.previous)
    yield "unfinished", tuple(one for s in seen if s.intent for one in (s.intent.previous, s.intent.target) if one)
    yield "known good", good[:2]
    yield f"verified, among the last {keep}", good[2 : 2 + keep]
    yield "bad, kept to look into", tuple(one for standing, one in newest if standing.grade is Grade.BAD)[:keep]


def prunable(sightings: Iterable[Sighting], found: Standings, keep: int) -> tuple[Release, ...]:
    """Complete releases on the hosts that nothing needs."""
    return tuple(one.release for one in kept(sightings, found, keep) if not one.reason)
