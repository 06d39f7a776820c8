"""An incident's timeline in words: what its records say, each once, and what its notes add."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollback.core.incident import Incident
from rollback.core.times import Times
from rollback.model import (
    JUDGED,
    Ended,
    Finding,
    Frozen,
    Grade,
    Intended,
    Judged,
    Marked,
    Noted,
    Observed,
    Phase,
    Record,
    Result,
    Reverted,
    Started,
    Step,
    Unfrozen,
    Unlocked,
    Watched,
    Withdrawn,
)
from rollback.report import words
from rollback.report.tally import passed

MOST = 60  # rows
_LONG_BEFORE = timedelta(days=1)
_DONE = {Phase.MIGRATE: "the migrations of {} are run", Phase.ACTIVATE: "{} is being switched on"}


@dataclass(frozen=True, slots=True)
class Row:
    """at: UTC. said: what happened, in words."""

    at: datetime
    said: str


def chronicle(incident: Incident, took: Times, records: Iterable[Record]) -> tuple[Row, ...]:
    """In the order of time; what one operation found again is said once. At most `MOST` rows, those in the middle left
    out."""
    once: dict[tuple[str, str], Row] = {}
    for record in incident.records:
        for row in _rows(record, incident):
            once.setdefault((record.operation, row.said), row)
    rows = sorted((*_before(incident, took, records), *once.values()), key=lambda row: row.at)
    if len(rows) <= MOST:
        return tuple(rows)
    head, tail = rows[: MOST // 2], rows[-MOST // 2 :]
    return (*head, Row(tail[0].at, f"… {len(rows) - MOST} more, in the ledger"), *tail)


def _before(incident: Incident, took: Times, records: Iterable[Record]) -> Iterable[Row]:
    """Where the bad release came from, when that was no part of it."""
    if took.switched is None or incident.began - took.switched > _LONG_BEFORE:
        return
    for one in records:
        if one.at == took.switched and one.operation not in incident.operations and isinstance(one.fact, Intended):
            of, step = f"by {one.author}, operation {words.start_of(one.operation)}", one.fact.step
            yield Row(one.at, f"{words.hosts(step.hosts)}: {words.named(step.release)} was switched on ({of})")


def _rows(record: Record, incident: Incident) -> Iterable[Row]:
    if isinstance(record.fact, Noted):
        yield Row(record.fact.at, f"{record.fact.text} (noted by {record.author})")
    elif isinstance(record.fact, Observed):
        yield from _observed(record, record.fact, incident)
    else:
        yield from (Row(record.at, said) for said in _said(record))


def _said(record: Record) -> Iterable[str]:
    who = record.author
    match record.fact:
        case Started(kind, target, _, hosts, origin):
            what = {"deploy": "to deploy", "rollback": "to roll back to", "drill": "a drill to"}.get(
                kind, f"to {kind}:"
            )
            yield f"{who} began {what} {words.named(target)} on {words.hosts(hosts)}{_run(origin)}"
        case Intended(Step(phase, release, hosts)) if phase in _DONE:
            yield f"{words.hosts(hosts)}: {_DONE[phase].format(words.tag(release))}"
        case Judged(release, verdict) if verdict.grade is not Grade.GOOD:
            yield f"verdict: {words.tag(release)} is {verdict.grade}: {verdict.rule}"
        case Withdrawn(release, reason) if reason:
            yield f"{words.tag(release)} is taken off by {who}: {reason}"
        case Marked(release, grade, reason):
            yield f"{words.tag(release)} is marked {grade} by {who}: {reason}"
        case Watched(release, grade, reason):
            yield f"the watch finds {words.tag(release) if release else 'what is live'} {grade}: {reason}"
        case Frozen(reason):
            yield f"deploys are frozen by {who}: {reason}"
        case Unfrozen(reason):
            yield f"deploys may go ahead again, by {who}: {reason}"
        case Unlocked(operations, hosts):
            yield f"{who} takes the lease of {' '.join(map(words.start_of, operations))} away on {words.hosts(hosts)}"
        case Reverted(release, host):
            yield f"{host} hears nothing more and takes {words.tag(release)} off by itself"
        case Ended(outcome, _, pending, reason):
            away = f"; pending: {words.hosts(pending)}" if pending else ""
            yield f"operation {words.start_of(record.operation)} ends: {outcome}{f', {reason}' if reason else ''}{away}"


def _observed(record: Record, fact: Observed, incident: Incident) -> Iterable[Row]:
    """Each question that failed, when it first did; what passed is counted."""
    if not fact.findings:
        return
    first: dict[tuple[object, ...], Finding] = {}
    for one in fact.findings:
        if one.result not in {Result.PASS, Result.SKIPPED}:
            first.setdefault((one.check, one.host, one.case), one)
    yield from (Row(one.at, f"{words.MARKS[one.result]} {words.said(one)}") for one in first.values())
    switched = fact.step is not None and fact.step.phase is Phase.ACTIVATE
    last = record.at if switched else max(one.at for one in fact.findings)
    yield from (Row(last, said) for said in _well(fact, fact.findings, incident))


def _well(fact: Observed, findings: Sequence[Finding], incident: Incident) -> Iterable[str]:
    counted = "; ".join(passed(findings))
    if fact.step is None and counted:
        yield f"before the deploy, {counted}"
    elif fact.step is None:
        return
    elif fact.step.phase in JUDGED and fact.step.release != incident.bad and counted:
        yield f"✓ {words.tag(fact.step.release)} is verified, {counted}"
    elif fact.step.phase is Phase.ACTIVATE:
        on = [one.host for one in findings if one.host and one.result is Result.PASS]
        yield from (f"{words.hosts(on)}: {words.tag(fact.step.release)} is live" for _ in on[:1])


def _run(origin: Iterable[tuple[str, str]]) -> str:
    """Of a CI job, where it can be read."""
    known = dict(origin)
    said = [known[key] for key in ("ci", "run") if key in known]
    return f" ({', '.join(said)})" if said else ""
