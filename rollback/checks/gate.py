"""The gate: one vantage is asked again and again until it is healthy for long enough, or is not, or time is up.

No answer yet is waited for, until the deadline. An answer counts: the gate ends as soon as the judge would call the
release bad, and never on a failure that a limit tolerates, or an error: those are asked again. It knows nothing of what
is asked, and does not decide what follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rollback.core.judge import judge
from rollback.model import Finding, Grade, Limits, Result
from rollback.playbook.settings import Gate

_ENOUGH = 20  # findings of one question that are handed on
_TRIES = 3
_MOST = 9  # wrong answers that are asked about again, whatever is tolerated
_ROUNDING = 1e-6
_NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a question; settled: False when it may change by waiting; silent: nobody took the connection."""

    finding: Finding
    settled: bool
    silent: bool = False


Ask = Callable[[], Sequence[Reply]]
Series = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Pace:
    """The environment's gate, and time: clock in seconds, monotonic. stopped: nobody waits for the answer any more."""

    gate: Gate
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    stopped: Callable[[], bool]


def stand(
    ask: Ask, limits: Mapping[str, Limits], pace: Pace, excused: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Ask until it is decided. The last finding of each question; where one failed, all of them.

    excused: checks that were red before the deploy: they end nothing, and nobody waits for them.
    """
    seen, begun, healthy_since = _Seen(limits, excused), pace.clock(), None
    while True:
        started = pace.clock()
        seen.enter(ask())
        if seen.decided or pace.stopped():
            return seen.findings(_not_waited_for)
        if seen.ready:
            healthy_since = started if healthy_since is None else healthy_since
            if started - healthy_since + _ROUNDING >= pace.gate.min_healthy_time and not seen.open:
                return seen.findings(_as_it_is)
        else:
            healthy_since = None
        late = pace.clock() - begun + _ROUNDING >= pace.gate.healthy_deadline
        if late and seen.open:
            return seen.findings(lambda finding: _waited_out(finding, pace.gate.healthy_deadline))
        pace.sleep(max(0.0, started + pace.gate.interval - pace.clock()))


def answer(ask: Callable[[], Reply], pace: Pace, limits: Limits = _NO_LIMITS) -> Finding:
    """Ask once. What was not answered at all is asked again a few times; what failed, as often as that is tolerated."""
    tolerated = min(limit for limit in (limits.failure, limits.consecutive_failure, _MOST) if limit is not None)
    replies = [ask()]
    while _is_asked_again(replies, tolerated) and not pace.stopped():
        pace.sleep(pace.gate.interval)
        replies.append(ask())
    last = replies[-1].finding
    return replace(last, attempts=len(replies), final=last.result is Result.FAIL)


def _is_asked_again(replies: Sequence[Reply], tolerated: int) -> bool:
    last = replies[-1]
    alike = sum(one.settled == last.settled for one in replies)
    return alike <= tolerated and last.finding.result is Result.FAIL if last.settled else alike < _TRIES


@dataclass(slots=True)
class _Seen:
    """What was found so far: answers in the order in which they came, and what is still waited for."""

    limits: Mapping[str, Limits]
    excused: frozenset[str]
    answers: list[Finding] = field(default_factory=list)
    waiting: list[Finding] = field(default_factory=list)
    tries: Counter[Series] = field(default_factory=Counter)  # that brought no answer
    errors: Counter[Series] = field(default_factory=Counter)  # the same that are our own trouble, in a row
    heard: set[Series] = field(default_factory=set)  # answered, and not known to have gone away since

    def enter(self, replies: Sequence[Reply]) -> None:
        self.waiting = []
        for reply in replies:
            series = _series(reply.finding)
            if reply.settled:
                self.answers.append(replace(reply.finding, attempts=self.tries[series] + 1))
                self.heard.add(series)
            else:
                self.tries[series] += 1
                self.waiting.append(replace(reply.finding, attempts=self.tries[series]))
                self.heard -= {series} if reply.finding.result is Result.FAIL else set()
            trouble = reply.finding.result is Result.ERROR and not reply.settled
            self.errors[series] = self.errors[series] + 1 if trouble else 0

    @property
    def ready(self) -> bool:
        """Only what can condemn is worth waiting for; that one could not ask just now says nothing of the app."""
        return all(_series(finding) in self.heard for finding in self.waiting if self._counts(finding))

    @property
    def open(self) -> bool:
        """Is the last answer to a question none, or one that only a limit tolerates?"""
        last = {_series(finding): finding for finding in self.answers if self._counts(finding)}
        failing = any(finding.result is Result.FAIL for finding in last.values())
        return failing or any(map(self._counts, self.waiting))

    @property
    def decided(self) -> bool:
        unheard = any(
            self.errors[_series(f)] > self.limits.get(f.check, _NO_LIMITS).consecutive_error
            for f in self.waiting
            if self._counts(f)
        )
        return unheard or judge(self.answers, self.limits, self.excused).grade is Grade.BAD

    def _counts(self, finding: Finding) -> bool:
        return finding.required and finding.check not in self.excused

    def findings(self, unanswered: Callable[[Finding], Finding]) -> tuple[Finding, ...]:
        failed = {_series(f) for f in self.answers if f.result is Result.FAIL}
        by_series: dict[Series, list[Finding]] = {}
        for finding in [*self.answers, *map(unanswered, self.waiting)]:
            by_series.setdefault(_series(finding), []).append(finding)
        return tuple(f for series, every in by_series.items() for f in every[-_ENOUGH if series in failed else -1 :])


def _series(finding: Finding) -> Series:
    return finding.check, finding.case


def _as_it_is(finding: Finding) -> Finding:
    return finding


def _not_waited_for(finding: Finding) -> Finding:
    """It ended for another reason before this one had its time: that is no failure."""
    if finding.result is not Result.FAIL:
        return finding
    return replace(finding, result=Result.INCONCLUSIVE, observed=f"not ready yet: {finding.observed}")


def _waited_out(finding: Finding, deadline: float) -> Finding:
    verb = {Result.ERROR: "asked", Result.INCONCLUSIVE: "measured"}.get(finding.result, "healthy")
    observed = f"not {verb} within {deadline:g} s: {finding.observed}"
    return replace(finding, observed=observed, final=finding.result is Result.FAIL)
