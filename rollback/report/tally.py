"""Checks that passed, counted until somebody wants to know: a reader sees that something was verified, in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rollback.model import Finding, Phase, Result
from rollback.report import words

# What a phase did is said at once. Closing and pruning go unsaid here: whoever asked for them tells of trouble.
PHASES = frozenset(Phase)
UNSAID = frozenset({"finish", "prune"})
UNDRAIN = "undrain"  # it is no phase, and no check either
_URL = "the url"


class Tally:
    """Of one round of checks; a vantage that had a failure is not counted as passed. Skipped ones are said, too."""

    def __init__(self) -> None:
        self._passed: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._failed: set[str] = set()

    def add(self, finding: Finding) -> int:
        """How many have passed there by now."""
        place = finding.host or _URL
        self._passed[place] += finding.result is Result.PASS
        self._skipped[place] += finding.result is Result.SKIPPED
        if finding.result not in {Result.PASS, Result.SKIPPED} and finding.required:
            self._failed.add(place)
        return self._passed[place]

    def empty(self) -> tuple[str, ...]:
        """`web1 web2: 5 checks passed`; it begins anew."""
        told: dict[tuple[int, int], list[str]] = {}
        for place, number in sorted(self._passed.items()):
            if number and place not in self._failed:
                told.setdefault((number, self._skipped[place]), []).append(place)
        for counter in (self._passed, self._skipped, self._failed):
            counter.clear()
        return tuple(f"{words.hosts(told[both])}: {_said(*both)}" for both in sorted(told, reverse=True))


def _said(passed: int, skipped: int) -> str:
    return f"{words.count(passed, 'check')} passed" + (f", {skipped} skipped" if skipped else "")


def passed(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Of findings that are all there."""
    tally = Tally()
    for finding in findings:
        tally.add(finding)
    return tally.empty()


def is_check(finding: Finding) -> bool:
    """An answer to a declared check, not what a phase did."""
    return finding.check not in PHASES | UNSAID | {UNDRAIN}
