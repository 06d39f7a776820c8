"""The watch, or a pause, as it goes on: a line a check with a sparkline of its rounds and its failures, and the time
left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rollback.events import Sampled
from rollback.model import Limits, Phase, Result
from rollback.report import words

if TYPE_CHECKING:
    from rich.text import Text

_ROUNDS = 40  # the last ones, one character each
_WORST = (Result.FAIL, Result.ERROR, Result.INCONCLUSIVE, Result.PASS, Result.SKIPPED)
_BARS = {Result.FAIL: "█", Result.ERROR: "▅", Result.INCONCLUSIVE: "▅", Result.PASS: "▁", Result.SKIPPED: " "}


class Window:
    """What the rounds found, check by check: of all hosts and cases the worst. what: watch, or pause."""

    def __init__(self, what: str = Phase.WATCH) -> None:
        self._what, self._begun = what, False
        self._rounds: dict[str, list[Result]] = {}
        self._failures: dict[str, int] = {}
        self._left = 0.0

    def add(self, event: Sampled) -> None:
        """One more round, or only less time."""
        self._left, self._begun = event.left, True
        for check in dict.fromkeys(finding.check for finding in event.findings):
            results = [finding.result for finding in event.findings if finding.check == check]
            self._rounds.setdefault(check, []).append(min(results, key=_WORST.index))
            self._failures[check] = self._failures.get(check, 0) + results.count(Result.FAIL)

    def lines(self, limits: Mapping[str, Limits]) -> Iterator[Text]:
        """None before it begins. limits: by check."""
        from rich.text import Text

        if self._begun:
            left = f"{words.seconds(self._left)} left" if self._left else "over"
            yield Text(f"{self._what:<8} {left}", "bold")
        width = max(map(len, self._rounds), default=0)
        for check, rounds in self._rounds.items():
            bars = "".join(_BARS[result] for result in rounds[-_ROUNDS:])
            worst = min(rounds, key=_WORST.index)
            yield Text(f"  {check:<{width}}  {bars}  {self._counted(check, limits)}", words.STYLES[worst])

    def _counted(self, check: str, limits: Mapping[str, Limits]) -> str:
        limit = limits.get(check, Limits()).failure
        tolerated = f" of {limit} tolerated" if limit else ""
        return f"{words.count(self._failures[check], 'failure')}{tolerated}"
