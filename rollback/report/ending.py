"""The end of an operation, explained: what happened, on what it rests, what is live now, and what to type next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rollback.core.times import Times
from rollback.model import Ending, Finding, Grade, Kind, Outcome, Plan, Result, Verdict
from rollback.report import words

if TYPE_CHECKING:
    from rich.text import Text

_MARKS = {
    Outcome.DONE: ("✓", "bold green"),
    Outcome.ROLLED_BACK: ("↩", "bold yellow"),
    Outcome.PARTIAL: ("!", "bold yellow"),
    Outcome.HELD: ("?", "bold yellow"),
}
_WORST = 5  # findings shown; the others are in `rollback show`


def message(plan: Plan, ending: Ending) -> str:
    """One sentence."""
    target, back = words.tag(plan.target), words.tag(plan.fallback) if plan.fallback else ""
    said = {
        Outcome.DONE: f"{target} is live and verified",
        Outcome.ABANDONED: f"{target} was not switched on; nothing live changed: {ending.reason}",
        Outcome.ROLLED_BACK: f"{_was(target, ending)}; {back} is back and verified",
        Outcome.LEFT: f"{_was(target, ending)} and was left live: {ending.reason}",
        Outcome.STRANDED: f"stranded, a person is needed: {ending.reason}",
        Outcome.HELD: f"held: {target} could be judged neither good nor bad: {ending.reason}",
        Outcome.PARTIAL: f"{back or target} is verified on all hosts that could be reached; "
        f"pending: {words.hosts(ending.away)}",
        Outcome.INTERRUPTED: "interrupted before anything live changed",
    }
    return said[ending.outcome]


def _was(target: str, ending: Ending) -> str:
    return (
        f"{target} is bad"
        if ending.verdict.grade is Grade.BAD
        else f"{target} was not finished ({ending.verdict.rule})"
    )


def headline(ending: Ending, said: str) -> Text:
    """The sentence with its mark, in the outcome's colour."""
    from rich.text import Text

    mark, style = _MARKS.get(ending.outcome, ("✗", "bold red"))
    return Text(f"{mark} {said}", style)


def explanation(plan: Plan, ending: Ending, operation: str, took: Times) -> tuple[str, ...]:
    """The findings that count, what is live, how long it took, and what to type next."""
    told = [f"  {line}" for line in _evidence(ending.verdict)]
    if ending.back is not None and ending.back.grade is not Grade.GOOD:
        told += [f"  after the rollback: {line}" for line in _evidence(ending.back)]
    return (*told, *_live(ending), *_took(took), f"  next      {hint(plan, ending, operation)}")


def _took(took: Times) -> Iterable[str]:
    parts = " · ".join(f"{name} {words.seconds(value)}" for name, value in took.parts())
    whole = (took.ended - took.started).total_seconds() if took.started and took.ended else None
    if whole is not None:
        yield f"  took      {words.seconds(whole)}{f'  ({parts})' if parts else ''}"


def _evidence(verdict: Verdict) -> Iterable[str]:
    if verdict.grade is Grade.GOOD:
        return
    worst = [f for f in verdict.findings if f.result not in {Result.PASS, Result.SKIPPED}]
    ordered = sorted(worst, key=lambda f: (not f.required, f.result is not Result.FAIL))
    for finding in ordered[:_WORST]:
        yield f"{words.MARKS[finding.result]} {words.said(finding)}"
        yield from (f"    | {line}" for line in _last_lines(finding))
    if len(ordered) > _WORST:
        yield f"… and {len(ordered) - _WORST} more"


def _last_lines(finding: Finding, count: int = 6) -> Sequence[str]:
    return [line for line in finding.evidence.splitlines() if line.strip()][-count:]


def _live(ending: Ending) -> Iterable[str]:
    order = sorted(ending.live, key=lambda pair: str(pair[1]))
    for live, group in groupby(order, key=lambda pair: pair[1]):
        yield f"  live      {words.id_tag(live)} on {words.hosts([host for host, _ in group])}"


def hint(plan: Plan, ending: Ending, operation: str) -> str:
    """The next command to type."""
    show = f"rollback show {operation}"
    bad = f"rollback --to TAG, or rollback deploy {words.tag(plan.target)} again when the cause is mended"
    return {
        Outcome.DONE: "rollback status" if plan.kind is Kind.DEPLOY else show,
        Outcome.ABANDONED: "mend the cause and run it again",
        Outcome.ROLLED_BACK: show,
        Outcome.LEFT: "rollback" if plan.fallback else "deploy a release that works",
        Outcome.STRANDED: f"rollback status; then {bad}",
        Outcome.HELD: f"rollback verify; then rollback mark good {words.tag(plan.target)} --reason '…', or rollback",
        Outcome.PARTIAL: "rollback, once the pending hosts can be reached",
        Outcome.INTERRUPTED: "run it again",
    }[ending.outcome]
