"""Whether a person froze the environment: then nothing is deployed to it, and going back stays possible. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rollback.model import Frozen, Record, Unfrozen


@dataclass(frozen=True, slots=True)
class Freeze:
    """since: UTC."""

    by: str
    since: datetime
    reason: str

    def __str__(self) -> str:
        """`deploys are frozen since 2026-11-24 23:05Z by ada: the database is moved`"""
        return f"deploys are frozen since {self.since:%Y-%m-%d %H:%M}Z by {self.by}: {self.reason}"


def freeze(records: Iterable[Record]) -> Freeze | None:
    """By the last word on it; None: deploys may go ahead."""
    said = [one for one in sorted(records, key=lambda one: one.id) if isinstance(one.fact, Frozen | Unfrozen)]
    last = said[-1] if said else None
    if last is None or not isinstance(last.fact, Frozen):
        return None
    return Freeze(last.author, last.at, last.fact.reason)
