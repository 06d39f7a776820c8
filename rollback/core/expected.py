"""How long a plan, or a rollback that is not planned yet, will take: from what its phases took here before, and what it
waits for by itself. Deploy, rollback and drill are one engine; what a resume did is a part of one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from rollback.core.past import past
from rollback.model import (
    LASTING,
    Drilled,
    Ended,
    Intended,
    Kind,
    Observed,
    Outcome,
    Phase,
    Plan,
    Record,
    Started,
    Step,
)

_WELL = {Outcome.DONE, Outcome.PARTIAL, Outcome.ROLLED_BACK}
_LEAD = "lead"  # from the start to the first step


@dataclass(frozen=True, slots=True)
class Expected:
    """seconds: of the whole. of: the newest operation that it was measured in ("deploy v1.2.0"). at: its begin, UTC."""

    seconds: float
    waves: int
    of: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A drill, and when it was (UTC)."""

    at: datetime
    drilled: Drilled


def rehearsed(records: Iterable[Record]) -> Rehearsal | None:
    """The last one."""
    every = (Rehearsal(one.at, one.fact) for one in records if isinstance(one.fact, Drilled))
    return max(every, key=lambda one: one.at, default=None)


def expected(plan: Plan, records: Iterable[Record]) -> Expected | None:
    """None while a phase of the plan was never measured: a guess would be taken for more."""
    lasting = sum(plan.lasts(step.phase) for step in plan.steps if step.phase in LASTING)
    return _expected([step.phase for step in plan.steps if step.phase not in LASTING], lasting, records)


def way_back(waves: int, records: Iterable[Record]) -> Expected | None:
    """Of a rollback that is not planned yet. waves: how many it would take now."""
    return _expected([Phase.ACTIVATE, Phase.VERIFY] * waves, 0.0, records)


def _expected(phases: Sequence[Phase], lasting: float, records: Iterable[Record]) -> Expected | None:
    """Each phase as long as a step of it took on average, when an operation that ended well last had one."""
    took: dict[str, float] = {}
    measured: Sequence[Record] = ()
    needed = {_LEAD, *phases}
    for mine in _newest_first(records):
        if needed <= took.keys():
            break
        if _measures(mine):
            spans = _spans(mine)
            took, measured = {**spans, **took}, measured or (mine if spans else ())
    if not needed <= took.keys():
        return None
    (row, *_) = past(measured)
    whole = took[_LEAD] + sum(took[phase] for phase in phases) + lasting
    return Expected(whole, phases.count(Phase.ACTIVATE), row.what, row.at)


def _measures(mine: Iterable[Record]) -> bool:
    facts = [one.fact for one in mine]
    whole = any(isinstance(fact, Started) and fact.kind is not Kind.RESUME for fact in facts)
    return whole and any(isinstance(fact, Ended) and fact.outcome in _WELL for fact in facts)


def _newest_first(records: Iterable[Record]) -> list[Sequence[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        if isinstance(record.fact, Started | Intended | Observed | Ended):
            found.setdefault(record.operation, []).append(record)
    return [sorted(found[name], key=lambda one: one.id) for name in sorted(found, reverse=True)]


def _spans(mine: Sequence[Record]) -> Mapping[str, float]:
    """Seconds of each phase, by step on average."""
    spans: dict[str, list[float]] = {}
    begun: dict[Step, datetime] = {}
    for record in mine:
        match record.fact:
            case Intended(step):
                begun[step] = record.at
                spans.setdefault(_LEAD, [(record.at - mine[0].at).total_seconds()])
            case Observed(step, _) if step in begun:
                spans.setdefault(step.phase, []).append((record.at - begun.pop(step)).total_seconds())
    return {phase: fmean(each) for phase, each in spans.items()}
