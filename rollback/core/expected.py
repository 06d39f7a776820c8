"""How long a plan will take: from what its phases took here before, and what it waits for by itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from rollback.model import LASTING, Ended, Intended, Observed, Outcome, Phase, Plan, Record, Started, Step

_WELL = {Outcome.DONE, Outcome.PARTIAL, Outcome.ROLLED_BACK}
_LEAD = "lead"  # from the start to the first step


@dataclass(frozen=True, slots=True)
class Expected:
    """seconds: of the whole plan. since: when the newest operation began that it was measured in, UTC."""

    seconds: float
    waves: int
    since: datetime


def expected(plan: Plan, records: Iterable[Record]) -> Expected | None:
    """Each phase as long as a step of it took on average, when an operation that ended well last had one.

    None while a phase of the plan was never measured: a guess would be taken for more.
    """
    took: dict[str, float] = {}
    since = None
    needed = {_LEAD, *(step.phase for step in plan.steps if step.phase not in LASTING)}
    for mine in _newest_first(records):
        if needed <= took.keys():
            break
        if any(isinstance(one.fact, Ended) and one.fact.outcome in _WELL for one in mine):
            took = {**_spans(mine), **took}
            since = since or mine[0].at
    if since is None or not needed <= took.keys():
        return None
    whole = sum(plan.lasts(step.phase) or took[step.phase] for step in plan.steps)
    waves = sum(step.phase is Phase.ACTIVATE for step in plan.steps)
    return Expected(took[_LEAD] + whole, waves, since)


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
