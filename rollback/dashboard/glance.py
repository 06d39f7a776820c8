"""How an environment is, in one value: from the ledger, and from the hosts as far as they were seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollback.core.expected import Expected, Rehearsal, rehearsed, way_back
from rollback.core.fallback import Candidate, candidates, choose_fallback
from rollback.core.freeze import Freeze, freeze
from rollback.core.history import Standing, known_releases, standings
from rollback.core.left import left, rest
from rollback.core.past import Past, past
from rollback.core.status import common_live
from rollback.dashboard.grid import Grid, grid
from rollback.dashboard.source import PAGE, Seen, Source
from rollback.model import Ended, Record, Release, Sighting, Started
from rollback.report.status import amiss


@dataclass(frozen=True, slots=True)
class Running:
    """An operation that has not ended, as a grid, and when it last said something (UTC)."""

    row: Past
    grid: Grid
    heard: datetime


@dataclass(frozen=True, slots=True)
class Glance:
    """live: (release id or None, its hosts). release: the one that is live everywhere. fallback: where a rollback would
    go; lacking: hosts that would have to be brought it first. skipped: newer ones, and why not. held: somebody has the
    lease. open: what keeps the hosts from being at rest, a sentence each. judged: releases, the last word first. rows:
    the newest operations."""

    name: str
    url: str | None
    live: tuple[tuple[str | None, tuple[str, ...]], ...]
    release: Release | None
    standing: Standing | None
    fallback: Standing | None
    lacking: tuple[str, ...]
    skipped: tuple[Candidate, ...]
    freeze: Freeze | None
    pending: tuple[str, ...]
    held: bool
    open: tuple[str, ...]
    expected: Expected | None
    rehearsed: Rehearsal | None
    running: Running | None
    judged: tuple[Standing, ...]
    rows: tuple[Past, ...]
    seen: Seen | None

    @property
    def hosts(self) -> tuple[Sighting, ...]:
        return self.seen.hosts if self.seen else ()


def glance(source: Source) -> Glance:
    """From two reads of the ledger."""
    records, recent, seen = source.now(), source.newest(PAGE), source.seen()
    found, hosts = standings(records), seen.hosts if seen else ()
    live = _live(hosts) or _last_known(records)
    release = common_live(hosts) if hosts else _common(live, known_releases(records))
    fallback = choose_fallback(hosts, found, besides=release) if hosts else _newest(found, release)
    undone = left(records)
    return Glance(
        source.name,
        source.url,
        live,
        release,
        found.get(release.commit) if release else None,
        fallback,
        tuple(s.host for s in hosts if s.reachable and fallback and fallback.release not in s.releases),
        _skipped(candidates(hosts, found, besides=release), fallback),
        freeze(records),
        tuple(sorted(rest(records).pending)),
        any(s.lease and s.lease.live for s in hosts),
        amiss(hosts, tuple(one.operation for one in undone)),
        way_back(source.waves, recent),
        rehearsed((*records, *recent)),
        _running(recent),
        tuple(found.values())[::-1],
        past(recent),
        seen,
    )


def _live(hosts: Iterable[Sighting]) -> tuple[tuple[str | None, tuple[str, ...]], ...]:
    return _by_release((s.host, s.live) for s in hosts if s.reachable)


def _last_known(records: Iterable[Record]) -> tuple[tuple[str | None, tuple[str, ...]], ...]:
    """By the end of the last operation that knew it, host by host."""
    ends = (one.fact for one in sorted(records, key=lambda one: one.id) if isinstance(one.fact, Ended))
    return _by_release({host: one for end in ends for host, one in end.live}.items())


def _by_release(pairs: Iterable[tuple[str, str | None]]) -> tuple[tuple[str | None, tuple[str, ...]], ...]:
    groups: dict[str | None, list[str]] = {}
    for host, release in pairs:
        groups.setdefault(release, []).append(host)
    return tuple((release, tuple(hosts)) for release, hosts in groups.items())


def _common(live: Sequence[tuple[str | None, object]], known: Mapping[str, Release]) -> Release | None:
    return known.get(live[0][0] or "") if len(live) == 1 else None


def _newest(found: Mapping[str, Standing], besides: Release | None) -> Standing | None:
    """As far as the ledger knows: whether the hosts still have it, they say when they are seen."""
    return next((one for one, why in candidates((), found, besides=besides) if not why), None)


def _skipped(every: Sequence[Candidate], fallback: Standing | None) -> tuple[Candidate, ...]:
    newer = every[: next((at for at, (one, _) in enumerate(every) if one is fallback), len(every))]
    return tuple((one, why) for one, why in newer if why)[:3]


def _running(recent: Sequence[Record]) -> Running | None:
    """The newest operation, while it has not ended: whoever begins anew has dealt with what was before."""
    begun = max((one.operation for one in recent if isinstance(one.fact, Started)), default="")
    mine = tuple(one for one in recent if one.operation == begun)
    steps = None if any(isinstance(one.fact, Ended) for one in mine) else grid(mine)
    return Running(past(mine)[0], steps, max(one.at for one in mine)) if steps else None
