"""Which release was live on each host, and since when, as far as the records tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollback.model import Finding, Intended, Observed, Phase, Record, Release, Result, Reverted


@dataclass(frozen=True, slots=True)
class Life:
    """release: None when a switch went wrong, so that nobody knows. until: None: it still is. UTC."""

    release: Release | None
    since: datetime
    until: datetime | None = None


Lives = Mapping[str, Sequence[Life]]  # by host, in the order of time


def lives(records: Iterable[Record], suspect: Release | None = None) -> Lives:
    """suspect: this one counts from the intent to switch it on, and until something else was seen to be on: a host may
    serve it all the while. The others count from where they were seen to be on."""
    found: dict[str, list[Life]] = {}
    for record in sorted(records, key=lambda one: one.id):
        match record.fact:
            case Intended(step) if step.phase is Phase.ACTIVATE and step.release == suspect:
                for host in step.hosts:
                    _enter(found.setdefault(host, []), suspect, record.at)
            case Observed(step, findings) if step is not None and step.phase is Phase.ACTIVATE:
                for one in findings:
                    _observed(found.setdefault(one.host or "", []), one, step.release, suspect, record.at)
            case Reverted(release, host):
                mine = found.setdefault(host, [])
                before = next((one.release for one in reversed(mine) if one.release != release), None)
                _enter(mine, before, record.at)
    return found


def _observed(mine: list[Life], one: Finding, release: Release, suspect: Release | None, at: datetime) -> None:
    if release == suspect and mine and mine[-1].release == suspect:
        if one.result is Result.SKIPPED:  # it certainly was not switched on
            mine.pop()
            mine[-1:] = [Life(was.release, was.since) for was in mine[-1:]]
    elif one.result is not Result.SKIPPED:
        _enter(mine, release if one.result is Result.PASS else None, at)


def _enter(mine: list[Life], release: Release | None, at: datetime) -> None:
    if mine and mine[-1].release == release:
        return
    mine[-1:] = [Life(was.release, was.since, at) for was in mine[-1:]]
    mine.append(Life(release, at))
