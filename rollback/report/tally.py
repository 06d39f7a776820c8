"""Checks that passed, counted until somebody wants to know: a reader sees that something was verified, in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rollback.model import Finding, Phase, Result
from rollback.report import words

# What a phase did is said at once. Closing and pruning go unsaid here: whoever asked for them tells of trouble.
PHASES = frozenset(Phase)
UNSAID = frozenset({"finish", "prune"})
_URL = "the url"


class Tally:
    """Of one round of checks; a vantage that had a failure is not counted as passed."""

    def __init__(self) -> None:
        self._passed: Counter[str] = Counter()
        self._failed: set[str] = set()

    def add(self, finding: Finding) -> int:
        """How many have passed there by now."""
        place = finding.host or _URL
        self._passed[place] += finding.result is Result.PASS
        if finding.result is not Result.PASS and finding.required:
            self._failed.add(place)
        return self._passed[place]

    def empty(self) -> tuple[str, ...]:
        """`web1 web2: 5 checks passed`; it begins anew."""
        passed = {place: number for place, number in sorted(self._passed.items()) if place not in self._failed}
        self._passed.clear()
        self._failed.clear()
        numbers = sorted(set(passed.values()), reverse=True)
        places = {number: [place for place, n in passed.items() if n == number] for number in numbers if number}
        return tuple(f"{words.hosts(names)}: {words.count(n, 'check')} passed" for n, names in places.items())


def passed(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Of findings that are all there."""
    tally = Tally()
    for finding in findings:
        tally.add(finding)
    return tally.empty()


def is_check(finding: Finding) -> bool:
    """An answer to a declared check, not what a phase did."""
    return finding.check not in PHASES | UNSAID | {"undrain"}
