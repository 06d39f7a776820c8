"""Values for tests, with everything that does not matter filled in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from rollback.core.freeze import freeze
from rollback.core.history import standings
from rollback.core.left import left, rest
from rollback.core.plan import Known
from rollback.model import Fact, Finding, Grade, Intent, Judged, Record, Release, Result, Sighting, Verdict

EPOCH = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def release(tag: str, commit: str | None = None) -> Release:
    """A release whose commit follows from its tag."""
    return Release(tag, commit or os.fsencode(tag).hex().ljust(40, "0")[:40], "7" * 40)


V1, V2, V3 = release("v1"), release("v2"), release("v3")


def sighting(
    host: str,
    live: Release | None = V1,
    present: Iterable[Release] = (V1, V2),
    intent: Intent | None = None,
    problem: str | None = None,
    journals: Iterable[str] = (),
) -> Sighting:
    if problem is not None:
        return Sighting(host, problem)
    there = dict.fromkeys(journals, 1)
    return Sighting(host, live=live.id if live else None, releases=tuple(present), intent=intent, journals=there)


def at(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def record(second: float, fact: Fact, operation: str = "OP1", author: str = "ada") -> Record:
    """Its id sorts by the second."""
    return Record(f"{second:012.3f}", at(second), "shop", "production", operation, author, fact)


def judged(second: float, of: Release, grade: Grade = Grade.GOOD) -> Record:
    return record(second, Judged(of, Verdict(grade, "by a test")))


def known(*records: Record) -> Known:
    return Known(standings(records), {}, left(records), rest(records), freeze(records))


def finding(
    check: str = "login",
    result: Result = Result.PASS,
    host: str | None = "web1",
    case: str | None = None,
    second: float = 0,
) -> Finding:
    return Finding(check, result, at(second), host, case, observed=str(result))
