"""Progress as plain lines: for CI, pipes and logs. Takes events from any thread; asks and decides nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollback.core.explain import answers
from rollback.events import Began, Event, Found, Moved, Noticed, Sampled, Sent
from rollback.model import Finding, Result
from rollback.report import words
from rollback.report.evidence import alike
from rollback.report.layout import put
from rollback.report.tally import PHASES, UNSAID, Tally, is_check

if TYPE_CHECKING:
    from rich.console import Console

Said = tuple[str, str]  # a line and its style


class Lines:
    """One line an event; checks that passed are said together, when their round is over."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console, self._verbose, self._lock = console, verbose, threading.Lock()
        self._tally = Tally()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._sum_up()

    def __call__(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Found) and is_check(event.finding):
                self._tally.add(event.finding)
            elif isinstance(event, Sampled):
                self._sample(event)
            elif not isinstance(event, Moved | Sent):
                self._sum_up()
            said = line(event, verbose=self._verbose)
            if said is not None:
                self._say(*said)

    def _sample(self, event: Sampled) -> None:
        """What passed is said together, when the watch is over; what did not, once for all that it happened to."""
        for finding in event.findings:
            self._tally.add(finding)
        worth = [one for one in event.findings if self._verbose or one.result is not Result.PASS]
        for group in alike(answers(worth)):
            telling = [one.telling for one in group]
            self._say(f"  {words.MARKS[telling[0].result]} {words.said_of(telling)}", words.STYLES[telling[0].result])

    def _sum_up(self) -> None:
        for text in self._tally.empty():
            if not self._verbose:
                self._say(*passed(text))

    def _say(self, text: str, style: str) -> None:
        put(self._console, f"{datetime.now(UTC):%H:%M:%S}  {text}", style)


class Notices:
    """Only what is worth a warning: for a command whose answer holds the findings."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        if isinstance(event, Noticed):
            put(self._console, *notice(event.text))


def line(event: Event, *, verbose: bool) -> Said | None:
    """What is said of an event at once; None: nothing."""
    match event:
        case Began(step, lasting):
            long = f" for {words.seconds(lasting)}" if lasting else ""
            return f"{step.phase:<9} {words.tag(step.release)} on {words.hosts(step.hosts)}{long}", "bold"
        case Found(finding) if _worth_a_line(finding, verbose=verbose):
            return said(finding)
        case Moved(host, phase, state) if verbose and state != "done":
            return f"  · {phase} on {host}: {state}", ""
        case Noticed(text):
            return notice(text)
        case _:
            return None


def said(finding: Finding) -> Said:
    """A finding with its mark."""
    return f"  {words.MARKS[finding.result]} {words.said(finding)}", words.STYLES[finding.result]


def _worth_a_line(finding: Finding, *, verbose: bool) -> bool:
    if finding.check in UNSAID:
        return False
    quiet = finding.result in {Result.PASS, Result.SKIPPED}
    return verbose or not quiet or finding.check in PHASES


def notice(text: str) -> Said:
    """Not a mark of trouble: most notices only say what comes next."""
    return f"→ {text}", words.CAUTION


def passed(text: str) -> Said:
    """The sum of a round of checks."""
    return f"  {words.MARKS[Result.PASS]} {text}", words.STYLES[Result.PASS]
