"""Tables of what is there and of what was done: releases and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rich.text import Text

from rollback.core.history import Kept, Standing
from rollback.core.past import Past
from rollback.model import Grade, Outcome, Release, Sighting
from rollback.report import words
from rollback.report.layout import Column, Grid
from rollback.text import clean_line

Shown = tuple[object, ...]
GRADES = {
    "good": "green",
    "bad": "red",
    "rolled back": words.CAUTION,
    "unknown": words.CAUTION,
    "unverified": words.CAUTION,
}
OUTCOMES = {
    Outcome.DONE: "green",
    Outcome.ROLLED_BACK: words.CAUTION,
    Outcome.PARTIAL: words.CAUTION,
    Outcome.HELD: words.CAUTION,
}


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """verdict: good, bad, rolled back (by a person) or unverified, since then (UTC). kept: why it stays; "" when
    `prune` would delete it. size: bytes on a host; None when no host tells."""

    release: Release
    live_on: tuple[str, ...]
    present_on: tuple[str, ...]
    verdict: str
    since: datetime | None
    reason: str
    kept: str
    size: int | None = None


def release_rows(
    sightings: Sequence[Sighting],
    keeping: Iterable[Kept],
    standings: Mapping[str, Standing],
    sizes: Mapping[str, int],
) -> tuple[ReleaseRow, ...]:
    """Newest verdict first; never judged ones last. sizes: by release id."""
    found = [_release_row(one, sightings, standings.get(one.release.commit)) for one in keeping]
    rows = [replace(row, size=sizes.get(row.release.id)) for row in found]
    return tuple(
        sorted(rows, key=lambda row: (row.since is not None, row.since and row.since.timestamp()), reverse=True)
    )


def _release_row(one: Kept, sightings: Sequence[Sighting], known: Standing | None) -> ReleaseRow:
    live = tuple(s.host for s in sightings if s.live == one.release.id)
    present = tuple(s.host for s in sightings if one.release in s.releases)
    return ReleaseRow(
        one.release,
        live,
        present,
        _verdict(known),
        known.since if known else None,
        known.reason if known else "",
        one.reason,
    )


def _verdict(known: Standing | None) -> str:
    if known is None or known.grade is Grade.UNKNOWN:
        return "unverified"
    return "rolled back" if known.withdrawn and known.grade is Grade.GOOD else str(known.grade)


def releases(rows: Sequence[ReleaseRow], now: datetime) -> Shown:
    """A row a release. now: UTC."""
    table = Grid(
        (
            Column("release"),
            Column("verdict"),
            Column("live on", 1),
            Column("kept because", 3),
            Column("age", 2),
            Column("size", 2),
            Column("since", 7),
            Column("commit", 6),
            Column("on", 5),
            Column("reason", 4, prose=True),
        )
    )
    for row in rows:
        table.add(
            words.tag(row.release),
            Text(f"live {row.verdict}" if row.live_on else row.verdict, GRADES.get(row.verdict, "")),
            words.hosts(row.live_on, 3) or "-",
            row.kept or "nothing: prune deletes it",
            words.age((now - row.since).total_seconds()) if row.since else "-",
            words.size(row.size) if row.size is not None else "-",
            words.moment(row.since) if row.since else "-",
            row.release.commit[:7],
            words.count(len(row.present_on), "host"),
            row.reason,
        )
    return (table,) if rows else ("no releases on the hosts yet",)


def history(rows: Sequence[Past]) -> Shown:
    """A row an operation; its environment where there are several."""
    several = len({row.environment for row in rows}) > 1
    table = Grid(
        (
            Column("when", 3),
            *((Column("where"),) if several else ()),
            Column("what"),
            Column("outcome"),
            Column("by", 2),
            Column("operation"),
            Column("reason", 4, prose=True),
        )
    )
    for row in rows:
        table.add(
            words.moment(row.at),
            *((row.environment,) if several else ()),
            clean_line(row.what, 40),
            _outcome(row.outcome),
            clean_line(row.author, 20),
            words.start_of(row.operation),
            clean_line(row.reason, 120),
        )
    return (table,) if rows else ("no operations yet",)


def _outcome(outcome: Outcome | None) -> Text:
    return Text(outcome, OUTCOMES.get(outcome, "red")) if outcome else Text("unfinished", words.CAUTION)
