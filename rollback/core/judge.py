"""Findings -> verdict -> decision. Pure. The rules, in order (design of the checks, "The judge"):

1. a required check over its failure limit, or not healthy at the deadline, and not red before the deploy: bad;
2. an error or inconclusive limit violated, or a question that nothing ever passed: unknown;
3. otherwise: good.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import chain, groupby, takewhile

from rollback.model import Finding, Grade, Limits, Outcome, Result, Verdict

_UNMEASURED = {Result.INCONCLUSIVE, Result.ERROR}
_NO_LIMITS = Limits()
ALL_PASSED = "every required check passed"


STAYS = {Grade.GOOD: Outcome.DONE, Grade.BAD: Outcome.LEFT, Grade.UNKNOWN: Outcome.HELD}  # where nothing is switched


class Decision(StrEnum):
    """What follows from a verdict under the environment's policy."""

    GO_ON = "go on"
    GO_BACK = "go back"
    ASK = "ask"
    LEAVE = "leave"
    HOLD = "hold"


def judge(findings: Sequence[Finding], limits: Mapping[str, Limits], excused: frozenset[str] = frozenset()) -> Verdict:
    """The verdict on what was measured; `excused` are checks that were red before the deploy."""
    asked = [f for f in findings if f.required and f.result is not Result.SKIPPED and f.check not in excused]
    for grade, rule in _violations(asked, limits):
        return Verdict(grade, rule, tuple(findings))
    still = sorted(red(findings) & excused)
    but = f", but for what was red before: {', '.join(still)}" if still else ""
    return Verdict(Grade.GOOD, f"{ALL_PASSED}{but}", tuple(findings))


def violated(findings: Sequence[Finding], limits: Mapping[str, Limits], excused: frozenset[str] = frozenset()) -> bool:
    """Is a limit passed? Then nothing that comes later changes the verdict for the better."""
    asked = [f for f in findings if f.required and f.result is not Result.SKIPPED and f.check not in excused]
    checks = {finding.check: limits.get(finding.check, _NO_LIMITS) for finding in asked}
    return any(
        True
        for check, limit in checks.items()
        for _ in chain(_failures(check, limit, asked), _doubts(check, limit, asked))
    )


def _violations(asked: Sequence[Finding], limits: Mapping[str, Limits]) -> Iterator[tuple[Grade, str]]:
    checks = {finding.check: limits.get(finding.check, _NO_LIMITS) for finding in asked}
    for check, limit in checks.items():
        yield from ((Grade.BAD, rule) for rule in _failures(check, limit, asked))
    for check, limit in checks.items():
        yield from ((Grade.UNKNOWN, rule) for rule in (*_doubts(check, limit, asked), *_gaps(check, asked)))
    if not asked:
        yield Grade.UNKNOWN, "nothing was measured"


def _failures(check: str, limit: Limits, asked: Sequence[Finding]) -> Iterator[str]:
    count = sum(f.result is Result.FAIL for f in asked if f.check == check)
    if limit.failure is not None and count > limit.failure:
        yield f"{check}: {_times(count, 'failure')} > limit {limit.failure}"
    run = max(_last_run(series, Result.FAIL) for series in _series(check, asked))
    if limit.consecutive_failure is not None and run > limit.consecutive_failure:
        yield f"{check}: {_times(run, 'failure')} in a row > limit {limit.consecutive_failure}"
    yield from (f"{label(f)}: {f.observed}" for f in asked if f.check == check and f.final)


def _doubts(check: str, limit: Limits, asked: Sequence[Finding]) -> Iterator[str]:
    inconclusive = sum(f.result is Result.INCONCLUSIVE for f in asked if f.check == check)
    if inconclusive > limit.inconclusive:
        yield f"{check}: {inconclusive} inconclusive > limit {limit.inconclusive}"
    for series in _series(check, asked):
        errors = _last_run(series, Result.ERROR)
        if errors > limit.consecutive_error:
            yield f"{check}: {errors} errors in a row > limit {limit.consecutive_error}"


def _gaps(check: str, asked: Sequence[Finding]) -> Iterator[str]:
    for series in _series(check, asked):
        if not any(f.result is Result.PASS for f in series):
            amiss = "never passed" if any(f.result is Result.FAIL for f in series) else "could not be measured"
            yield f"{label(series[0])} {amiss}: {series[-1].observed or series[-1].result}"


def _series(check: str, asked: Iterable[Finding]) -> Iterator[tuple[Finding, ...]]:
    """The findings of one check as they came, one series for each host and case."""
    mine = sorted((f for f in asked if f.check == check), key=_where)
    return (tuple(series) for _, series in groupby(mine, key=_where))


def _where(finding: Finding) -> tuple[str, str]:
    return finding.host or "", finding.case or ""


def _last_run(series: Sequence[Finding], result: Result) -> int:
    return len(tuple(takewhile(lambda f: f.result is result, reversed(series))))


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def label(finding: Finding) -> str:
    """`login[no_profile] on web1`"""
    case = f"[{finding.case}]" if finding.case else ""
    host = f" on {finding.host}" if finding.host else ""
    return f"{finding.check}{case}{host}"


def red(findings: Iterable[Finding]) -> frozenset[str]:
    """The required checks that failed on the live release, before anything was changed."""
    return frozenset(f.check for f in findings if f.required and f.result is Result.FAIL)


def upheld(verdict: Verdict, declared: Container[str]) -> Verdict:
    """On a release that was proven before and is gone back to: what could not be measured now (too few lines of a log,
    Prometheus away) takes that not back, where every host passed something. declared: the playbook's checks."""
    asked = [f for f in verdict.findings if f.required and f.result is not Result.SKIPPED]
    passed = {f.host for f in asked if f.result is Result.PASS}
    hosts = {f.host for f in asked if f.host is not None}
    ours = all(f.check in declared for f in asked if f.result in _UNMEASURED)
    if verdict.grade is not Grade.UNKNOWN or not passed or not hosts <= passed or not ours:
        return verdict
    return replace(verdict, grade=Grade.GOOD, rule=f"proven before, though {verdict.rule}")


def decide(verdict: Verdict, auto_rollback: str, on_inconclusive: str) -> Decision:
    """auto_rollback: on | ask | off. on_inconclusive: hold | rollback | accept."""
    if verdict.grade is Grade.GOOD:
        return Decision.GO_ON
    if verdict.grade is Grade.BAD:
        return {"on": Decision.GO_BACK, "ask": Decision.ASK, "off": Decision.LEAVE}[auto_rollback]
    return {"hold": Decision.HOLD, "rollback": Decision.GO_BACK, "accept": Decision.GO_ON}[on_inconclusive]
