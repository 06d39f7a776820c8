"""The operations of an environment, each folded from its records into one row. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import groupby

from rollback.core.judge import STAYS
from rollback.model import (
    Ended,
    Frozen,
    Judged,
    Marked,
    Noted,
    Outcome,
    Pruned,
    Record,
    Release,
    Started,
    Unfrozen,
    Unlocked,
    Watched,
)

# Only a gate judges what it did not start.
Opening = Started | Marked | Pruned | Unlocked | Frozen | Unfrozen | Judged | Watched | Noted


@dataclass(frozen=True, slots=True)
class Past:
    """One operation. what: "deploy v1.2.0". release: that it was about, if about one alone. outcome: None while it is
    unfinished. ended: UTC. git: "Name <mail>" of the author, where the record of a start has it."""

    operation: str
    at: datetime
    author: str
    what: str
    release: Release | None
    outcome: Outcome | None
    ended: datetime | None
    reason: str
    hosts: tuple[str, ...]
    environment: str = field(default="", compare=False)
    git: str = field(default="", compare=False)


UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which operations are asked for; None: any. tag, author: globs, author's of the login or of what git calls them.
    outcome: an Outcome's value, or UNFINISHED. since: UTC; what is written later about an earlier time was done later.
    """

    tag: str | None = None
    author: str | None = None
    outcome: str | None = None
    since: datetime | None = None

    def __contains__(self, row: Past) -> bool:
        tag = row.release.tag if row.release else ""
        return (
            (self.tag is None or fnmatchcase(tag, self.tag))
            and (self.author is None or any(fnmatchcase(one, self.author) for one in _names(row)))
            and (self.outcome is None or self.outcome == (row.outcome or UNFINISHED))
            and (self.since is None or row.at >= self.since)
        )


def _names(row: Past) -> tuple[str, ...]:
    """As whoever asks may call them."""
    return row.author, row.git, row.git.partition(" <")[0]


def past(records: Iterable[Record]) -> tuple[Past, ...]:
    """Newest first."""
    ordered = sorted(records, key=lambda r: (r.operation, r.id))
    rows = (_row(tuple(group)) for _, group in groupby(ordered, key=lambda r: r.operation))
    return tuple(sorted((row for row in rows if row), key=lambda row: row.operation, reverse=True))


def _row(records: tuple[Record, ...]) -> Past | None:
    opening = next((r for r in records if isinstance(r.fact, Opening)), None)
    if opening is None or not isinstance(opening.fact, Opening):
        return None
    what, release, hosts, reason = _said(opening.fact)
    end = next((r for r in reversed(records) if isinstance(r.fact, Ended)), None)
    outcome: Outcome | None = _without_an_end(opening.fact)
    ended: datetime | None = None
    if end is not None and isinstance(end.fact, Ended):
        outcome, ended, reason = end.fact.outcome, end.at, end.fact.reason
    origin = dict(opening.fact.origin) if isinstance(opening.fact, Started) else {}
    where = (hosts, opening.environment, origin.get("git", ""))
    return Past(opening.operation, opening.at, opening.author, what, release, outcome, ended, reason, *where)


def _without_an_end(fact: Opening) -> Outcome | None:
    if isinstance(fact, Judged):
        return STAYS[fact.verdict.grade]
    return None if isinstance(fact, Started) else Outcome.DONE


def _said(fact: Opening) -> tuple[str, Release | None, tuple[str, ...], str]:
    said: tuple[str, Release | None, tuple[str, ...], str]
    match fact:
        case Started():
            said = f"{fact.kind} {fact.target.tag}", fact.target, fact.hosts, ""
        case Marked():
            said = f"mark {fact.grade} {fact.release.tag}", fact.release, (), fact.reason
        case Judged():
            said = f"gate {fact.release.tag}", fact.release, (), fact.verdict.rule
        case Watched():
            said = f"watch: {fact.grade}", fact.release, (), fact.reason
        case Unlocked():
            said = f"unlock {' '.join(one[:12] for one in fact.operations)}", None, fact.hosts, ""
        case Noted():
            said = "note", None, (), fact.text
        case Frozen() | Unfrozen():
            said = "freeze" if isinstance(fact, Frozen) else "unfreeze", None, (), fact.reason
        case _:
            said = f"prune {' '.join(release.tag for release in fact.releases)}", None, fact.hosts, ""
    return said
