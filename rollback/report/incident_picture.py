"""An incident as a picture: what was live on each host, the parts that it had, and its turning points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo

from rollback.core.history import standings
from rollback.core.incident import Incident
from rollback.core.lives import Life, lives
from rollback.core.times import Times
from rollback.model import Grade, Noted, Record, Release
from rollback.report import words
from rollback.report.timeline_svg import Lane, Moment, Picture, Span

_MOST = 12  # hosts
_MARGIN = 0.04  # of the whole
_BEFORE = 20  # times the incident's own length: what is further back would leave no room for it


def picture(incident: Incident, took: Times, records: Iterable[Record], zone: tzinfo) -> Picture:
    """Of the time from the bad release's switch, or the first note, to the last thing that is told."""
    every = sorted(records, key=lambda one: one.id)
    begin, end = _reach(incident, took)
    live = lives((one for one in every if one.at <= end), incident.bad)
    touched = [host for host, mine in live.items() if any(one.since > begin for one in mine)]
    hosts = (sorted(touched) + sorted(live.keys() - set(touched)))[:_MOST]
    grades = {commit: one.grade for commit, one in standings(every).items()}
    lanes = [Lane(host, tuple(_spans(live[host], begin, end, grades, incident))) for host in sorted(hosts)]
    title = f"What was live where, {begin:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} UTC"
    return Picture(title, (*lanes, *_parts(took, begin)), tuple(_moments(incident, took)), zone)


def _reach(incident: Incident, took: Times) -> tuple[datetime, datetime]:
    every = [one.fact.at if isinstance(one.fact, Noted) else one.at for one in incident.records]
    every += [at for at in (incident.began, incident.over) if at]
    begin, end = min(every), max(every)
    if took.switched and begin - took.switched <= (end - begin) * _BEFORE:
        begin = min(begin, took.switched)
    margin = (end - begin) * _MARGIN or timedelta(seconds=1)
    return begin - margin, end + margin


def _spans(
    mine: Iterable[Life], begin: datetime, end: datetime, grades: Mapping[str, Grade], incident: Incident
) -> Iterable[Span]:
    for one in mine:
        until = min(one.until or end, end)
        if until > begin:
            label = words.tag(one.release) if one.release else "not known"
            yield Span(max(one.since, begin), until, label, _kind(one.release, grades, incident))


def _kind(release: Release | None, grades: Mapping[str, Grade], incident: Incident) -> str:
    if release is None:
        return "unknown"
    return "bad" if release == incident.bad else str(grades.get(release.commit, Grade.UNKNOWN))


def _parts(took: Times, since: datetime) -> Iterable[Lane]:
    spans = tuple(Span(max(begin, since), end, name) for name, begin, end in took.spans())
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
