"""What is kept of many findings: all that a limit counts; of those that passed, the first and the last of each run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from rollback.model import Finding, Result

_MOST = 200  # findings of one question; with no limit on failures there is no other end
Series = tuple[str, str | None, str | None]


def condensed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In their order. Every limit is passed by what is kept just when it is by all of them."""
    every = tuple(findings)
    by_series: dict[Series, list[int]] = {}
    for place, finding in enumerate(every):
        by_series.setdefault((finding.check, finding.host, finding.case), []).append(place)
    kept = {place for places in by_series.values() for place in _kept(every, places)[-_MOST:]}
    return tuple(finding for place, finding in enumerate(every) if place in kept)


def _kept(every: Sequence[Finding], places: list[int]) -> list[int]:
    """places: of one question's findings. The first that was asked says which check comes first, where several are
    amiss."""
    asked = [one for one in places if every[one].result is not Result.SKIPPED]
    before = {one for one, after in pairwise(places) if every[after].result is not Result.PASS}
    ends = {*asked[:1], *before, places[0], places[-1]}
    return [one for one in places if every[one].result is not Result.PASS or one in ends]
