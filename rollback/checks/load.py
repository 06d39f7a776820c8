"""The check `load`: how an app bears a bounded burst, held against limits and against the previous release's own burst.

An increase counts when it is too large both as a ratio and as a difference: twice of nearly nothing is nearly nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollback.checks.burst import Burst, burst
from rollback.checks.exchange import Conversation
from rollback.checks.http import NOT_UP
from rollback.checks.odds import bound, fisher
from rollback.checks.question import Missed, NoAnswer, Question, Said
from rollback.checks.request import Sent, filled, port
from rollback.model import Result

if TYPE_CHECKING:
    from rollback.playbook.kinds import Latency, Load

_PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Violation:
    observed: str
    expected: str


def ask(question: Question) -> Said:
    """Raises: NoAnswer, HostError, UsageError."""
    return judged(question, _measured(question, _load(question)))


def judged(question: Question, now: Burst) -> Said:
    """A burst beside its limits, and beside the one before the switch."""
    load = _load(question)
    before = question.before if isinstance(question.before, Burst) else None
    uncompared = _uncompared(question, load, before)
    evidence = question.opening("\n".join(_evidence(now, before)))
    for violation in _violations(load, now, before):
        return Said(Result.FAIL, violation.observed, violation.expected, evidence)
    if now.count < now.wanted:
        less = f"only {now.count} of {now.wanted} requests were sent in half of the timeout"
        return Said(Result.INCONCLUSIVE, less, "all of them: allow a longer timeout or ask for fewer", evidence)
    if uncompared and not load.limited:
        missed = isinstance(question.before, Missed)
        return Said(Result.INCONCLUSIVE if missed else Result.SKIPPED, uncompared, evidence=evidence)
    noted = f"; {uncompared}" if uncompared and question.before else ""
    return Said(Result.PASS, f"{_summary(now)}{noted}", evidence=evidence)


def baseline(question: Question) -> Burst:
    """The same burst on what is live before the switch. Raises: NoAnswer, HostError, UsageError."""
    return _measured(question, _load(question))


def _load(question: Question) -> Load:
    assert question.check.load is not None
    return question.check.load


def _measured(question: Question, load: Load) -> Burst:
    """The first request finds out whether the app is up, and is not counted."""
    sent = Sent(
        method=load.method,
        path=question.fill(load.path),
        port=port(question, load.port, load.tls),
        headers=filled(question, load.headers),
    )
    with Conversation(question, load.tls) as talk:
        first = talk.send(sent)
    if first.status in NOT_UP:
        said = f"{sent.method} {sent.path} answered {first.status}"
        raise NoAnswer(Said(Result.FAIL, said, "an app that is up", question.opening(first.text), settled=False))
    return burst(question, sent, load.tls, load.requests, load.concurrency)


def _uncompared(question: Question, load: Load, before: Burst | None) -> str:
    """Why an increase that has a limit was not looked at; "" when it was, or has none."""
    if not load.compares or (before and before.took):
        return ""
    if before:
        return "not compared: nothing was answered well before"
    why = question.before.why if isinstance(question.before, Missed) else "no other release was measured before it"
    return f"not compared: {why}"


def _violations(load: Load, now: Burst, before: Burst | None) -> Iterator[Violation]:
    yield from _of_errors(load, now, before)
    if now.count and not now.took:
        yield Violation(f"none of {now.count} requests was answered well ({_listed(now)})", "an answer below 400")
    for percent in _PERCENTS:
        limit: Latency | None = getattr(load, f"p{percent}")
        if limit and now.took:
            yield from _of_latency(percent, limit, now, before)


def _of_errors(load: Load, now: Burst, before: Burst | None) -> Iterator[Violation]:
    limit = load.error_ratio
    if limit is None or now.count == 0:
        return
    ratio, said = now.failed / now.count, _errors(now)
    if limit.max is not None and ratio > limit.max.fraction:
        yield Violation(said, f"at most {limit.max}")
    if limit.increase and before and before.count:
        was = before.failed / before.count
        if ratio > was * (1 + limit.increase.ratio.fraction) and ratio - was > limit.increase.difference.fraction:
            chance = fisher(now.failed, now.count, before.failed, before.count)
            observed = f"{said}; before {_errors(before)}; by chance alone p = {chance:.2g} (Fisher)"
            yield Violation(observed, f"at most {limit.increase.ratio} or {limit.increase.difference} more than before")


def _of_latency(percent: int, limit: Latency, now: Burst, before: Burst | None) -> Iterator[Violation]:
    took, was = now.percentile(percent), before.percentile(percent) if before else None
    assert took is not None
    known = f", before {_milliseconds(was)}" if was is not None else ""
    said = f"p{percent} {_milliseconds(took)} of {len(now.took)} answers{known}"
    if limit.max is not None and took > limit.max:
        yield Violation(said, f"at most {_milliseconds(limit.max)}")
    more = limit.increase
    if more and was is not None and took > was * (1 + more.ratio.fraction) and took - was > more.difference:
        yield Violation(said, f"at most {more.ratio} or {_milliseconds(more.difference)} more than before")


def _evidence(now: Burst, before: Burst | None) -> Iterator[str]:
    yield f"now: {_summary(now)}"
    if before:
        yield f"before: {_summary(before)}"


def _summary(one: Burst) -> str:
    spread = ", ".join(f"p{p} {_milliseconds(took)}" for p in _PERCENTS if (took := one.percentile(p)) is not None)
    return f"{_errors(one)}{f'; {spread}' if spread else ''}"


def _errors(one: Burst) -> str:
    if not one.failed:
        return (
            f"no error in {one.count} requests (so below about {bound(one.count):.1%})" if one.count else "no request"
        )
    return f"{one.failed} errors in {one.count} requests ({one.failed / one.count:.1%}; {_listed(one)})"


def _listed(one: Burst) -> str:
    return ", ".join(f"{what}: {times}" for what, times in sorted(one.errors.items(), key=lambda pair: -pair[1]))


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
