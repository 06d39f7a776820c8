"""What is kept of many findings: all that a limit counts, and of those that passed only the last of each run. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from rollback.model import Finding, Result

_MOST = 200  # findings of one question; with no limit on failures there is no other end
Series = tuple[str, str | None, str | None]


def condensed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In their order, question by question. Every limit is passed by what is kept just when it is by all of them."""
    by_series: dict[Series, list[Finding]] = {}
    for finding in findings:
        by_series.setdefault((finding.check, finding.host, finding.case), []).append(finding)
    return tuple(f for every in by_series.values() for f in _kept(every)[-_MOST:])


def _kept(every: list[Finding]) -> list[Finding]:
    followed = (one for one, after in pairwise(every) if Result.PASS in {one.result} - {after.result})
    amiss = (one for one in every if one.result is not Result.PASS)
    wanted = {id(one) for one in (*followed, *amiss, every[-1])}
    return [one for one in every if id(one) in wanted]
