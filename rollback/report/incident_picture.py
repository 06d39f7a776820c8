"""An incident as a picture: what was live on each host, the parts that it had, and its turning points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from rollback.core.history import standings
from rollback.core.incident import Incident
from rollback.core.times import Times
from rollback.model import Finding, Grade, Observed, Phase, Record, Release, Result, Reverted
from rollback.report import words
from rollback.report.timeline_svg import Lane, Moment, Picture, Span

_MOST = 12  # hosts
_MARGIN = 0.04  # of the whole
Switch = tuple[datetime, Release | None]  # None: nobody knows


def picture(incident: Incident, took: Times, records: Iterable[Record], zone: tzinfo) -> Picture:
    """Of the time from the bad release's switch, or the first note, to the last thing that is told."""
    every = sorted(records, key=lambda one: one.id)
    begin, end = _reach(incident, took)
    live = _lives(every, end)
    touched = [host for host in live if any(begin < at for at, _ in live[host])]
    hosts = (touched + [host for host in live if host not in touched])[:_MOST]
    grades = {commit: one.grade for commit, one in standings(every).items()}
    lanes = [Lane(host, tuple(_spans(live[host], begin, end, grades, incident))) for host in sorted(hosts)]
    title = f"What was live where, {begin:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} UTC"
    return Picture(title, (*lanes, *_parts(took)), tuple(_moments(incident, took)), zone)


def _reach(incident: Incident, took: Times) -> tuple[datetime, datetime]:
    every = [one.at for one in incident.records] + [one.at for one in incident.notes]
    every += [at for at in (took.switched, incident.began, incident.over) if at]
    margin = (max(every) - min(every)) * _MARGIN or timedelta(seconds=1)
    return min(every) - margin, max(every) + margin


def _lives(every: Sequence[Record], end: datetime) -> Mapping[str, list[Switch]]:
    """For each host, what was switched on there and when, by what the switches found."""
    found: dict[str, list[Switch]] = {}
    for record in (one for one in every if one.at <= end):
        fact = record.fact
        if isinstance(fact, Observed) and fact.step is not None and fact.step.phase is Phase.ACTIVATE:
            for one in fact.findings:
                _enter(found, one, fact.step.release)
        elif isinstance(fact, Reverted):
            history = found.setdefault(fact.host, [])
            before = next((was for _, was in reversed(history) if was != fact.release), None)
            history.append((record.at, before))
    return found


def _enter(found: dict[str, list[Switch]], one: Finding, release: Release) -> None:
    if one.host and one.result is not Result.SKIPPED:
        found.setdefault(one.host, []).append((one.at, release if one.result is Result.PASS else None))


def _spans(
    history: Sequence[Switch], begin: datetime, end: datetime, grades: Mapping[str, Grade], incident: Incident
) -> Iterable[Span]:
    ends = [at for at, _ in history[1:]] + [end]
    for (since, release), until in zip(history, ends, strict=True):
        if until > begin:
            label = words.tag(release) if release else "not known"
            yield Span(max(since, begin), min(until, end), label, _kind(release, grades, incident))


def _kind(release: Release | None, grades: Mapping[str, Grade], incident: Incident) -> str:
    if release is None:
        return "unknown"
    return "bad" if release == incident.bad else str(grades.get(release.commit, Grade.UNKNOWN))


def _parts(took: Times) -> Iterable[Lane]:
    spans = tuple(Span(begin, end, name) for name, begin, end in took.spans())
    if spans:
        yield Lane("parts", spans)


def _moments(incident: Incident, took: Times) -> Iterable[Moment]:
    if incident.noticed:
        yield Moment(incident.began, "first failing finding", "bad")
    if took.decided:
        yield Moment(took.decided, "the way back")
    if incident.over:
        good = f"{words.tag(incident.good)} verified" if incident.good else "well again"
        yield Moment(incident.over, good, "good")
    yield from (Moment(note.at, note.text) for note in incident.notes)
