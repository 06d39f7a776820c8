"""One operation's records in the little room that a host gives them: what matters for the next decision goes last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from rollback.ledger import codec
from rollback.ledger.codec import Entry
from rollback.ledger.scrub import shortened
from rollback.model import (
    Between,
    Ended,
    Fact,
    Finding,
    Intended,
    Judged,
    Migration,
    Observed,
    Pruned,
    Record,
    Result,
    Started,
)

Shorter = Callable[[Fact], Fact | None]
ROOM = 60 * 1024  # bytes; a host's answer holds 64 KiB


def journal(entries: Iterable[Entry]) -> bytes:
    """JSON lines, at most ROOM bytes: shortened no more than needed, in the order of `_SHORTER`.

    Of what is left out a hull stays, so that the chain is whole; but for an operation with very many waves.
    """
    kept = tuple((one, codec.record(one)) for one in entries)
    lines = b"".join(line(one) for one, _ in kept)
    for shorter in _SHORTER:
        if len(lines) <= ROOM:
            return lines
        less = (_shorter(one, record, shorter) for one, record in kept)
        kept = tuple((one, codec.record(one)) for one in less)
        lines = b"".join(line(one) for one, _ in kept)
    return lines if len(lines) <= ROOM else b"".join(line(one) for one, _ in kept if not codec.is_hull(one))


def _shorter(stored: Entry, record: Record | None, shorter: Shorter) -> Entry:
    if record is None or (fact := shorter(record.fact)) == record.fact:
        return stored
    return replace(stored, body=codec.HULL if fact is None else codec.body(fact), cut=True)


@lru_cache(maxsize=1024)  # every wave sends them all again
def line(stored: Entry) -> bytes:
    """A record as one JSON line."""
    return codec.to_line(stored)


def _evidence(longest: int) -> Shorter:
    return lambda fact: shortened(fact, longest)


def _only_trouble(fact: Fact) -> Fact | None:
    """Findings that passed say the least."""
    match fact:
        case Observed(step, findings):
            return Observed(step, _trouble(findings))
        case Judged(release, verdict):
            return Judged(release, replace(verdict, findings=_trouble(verdict.findings)))
        case _:
            return fact


def _no_findings(fact: Fact) -> Fact | None:
    """Nor migrations that bar nobody's way."""
    match fact:
        case Observed():
            return None
        case Between():
            return replace(fact, added=_barring(fact.added), gone=_barring(fact.gone))
        case Judged(release, verdict):
            return Judged(release, replace(verdict, findings=()))
        case _:
            return fact


def _no_hosts(fact: Fact) -> Fact | None:
    """With very many hosts: each knows by itself what is live on it and what was intended."""
    match fact:
        case Intended() | Pruned():
            return None
        case Started():
            return replace(fact, hosts=())
        case Ended():
            return replace(fact, live=(), pending=())
        case _:
            return fact


def _barring(some: tuple[Migration, ...]) -> tuple[Migration, ...]:
    return tuple(one for one in some if one.irreversible)


def _trouble(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(one for one in findings if one.result is not Result.PASS)


_SHORTER = (_evidence(1000), _evidence(200), _evidence(0), _only_trouble, _no_findings, _no_hosts)
