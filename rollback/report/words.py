"""Small phrases: how a time, a host list, a release or a finding is said, everywhere alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rollback import text
from rollback.core import amounts
from rollback.core.history import Standing
from rollback.core.judge import label
from rollback.model import Finding, Release, Result
from rollback.text import clean_line

MARKS = {Result.PASS: "✓", Result.FAIL: "✗", Result.ERROR: "!", Result.INCONCLUSIVE: "?", Result.SKIPPED: "-"}
# Readable on dark and on light: yellow vanishes on white, dim text on either. A mark says the same without colour.
CAUTION = "magenta"
_CASES = 5  # that are named
seconds, age, size, hosts = amounts.seconds, amounts.age, amounts.size, text.hosts
STYLES = {
    Result.PASS: "green",
    Result.FAIL: "red",
    Result.ERROR: CAUTION,
    Result.INCONCLUSIVE: CAUTION,
    Result.SKIPPED: "",
}


def tag(release: Release) -> str:
    """A tag as it may be shown: hostile ones made visible."""
    return clean_line(release.tag, limit=80)


def named(release: Release) -> str:
    """`v1.2.0 (3f9c2ab)`"""
    return f"{tag(release)} ({release.commit[:7]})"


def id_tag(release_id: str | None) -> str:
    """The tag inside a release id, or the folder's own name when it is none of ours."""
    from urllib.parse import unquote

    if release_id is None:
        return "nothing"
    head, dash, tail = release_id.rpartition("-")
    ours = dash and len(tail) == 12 and all(c in "0123456789abcdef" for c in tail)
    return clean_line(unquote(head) if ours else release_id, limit=80)


def moment(at: datetime) -> str:
    """UTC, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def said(finding: Finding) -> str:
    """`login[no_profile] on web1: POST /login answered 500, expected 302`"""
    return f"{label(finding)}: {_answer(finding)}"


def said_of(alike: Sequence[Finding]) -> str:
    """The same of findings that differ only by host and case: `login[no_profile, corrupt_profile] on web1 web2: …`"""
    where = hosts(tuple(dict.fromkeys(one.host for one in alike if one.host)))
    cases = tuple(dict.fromkeys(one.case for one in alike if one.case))
    more = f" and {len(cases) - _CASES} more" if cases[_CASES:] else ""
    whose = label(replace(alike[0], host=where or None, case=f"{', '.join(cases[:_CASES])}{more}" or None))
    return f"{whose}: {_answer(alike[0])}"


def clock(moments: Sequence[datetime]) -> str:
    """`14:03:10`, or the first and the last of several: `14:03:10-14:03:25`. UTC, to the second."""
    said = sorted({f"{at.astimezone(UTC):%H:%M:%S}" for at in moments})
    return "-".join(dict.fromkeys((said[0], said[-1]))) if said else ""


def _answer(finding: Finding) -> str:
    expected = f", expected {finding.expected}" if finding.expected and finding.result is not Result.PASS else ""
    flaky = f" (on attempt {finding.attempts})" if finding.attempts > 1 and finding.result is Result.PASS else ""
    return f"{finding.observed or finding.result}{expected}{flaky}"


def skipped(standing: Standing, why: str) -> str:
    """Why a release is no way back: `bad since 2026-11-21 12:00Z: login: 1 failure > limit 0`"""
    when = moment(standing.since)
    return f"{standing.grade} since {when}: {why}" if standing.grade != "good" else f"{why} ({when})"


def start_of(operation: str) -> str:
    """Enough of an operation's id to tell it from others, and all that `rollback show` needs."""
    return clean_line(operation[:12])


def count(number: int, noun: str) -> str:
    """`1 check`, `5 checks`"""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
