"""The end of an operation, explained: what happened, on what it rests, what is live now, and what to type next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from shlex import quote
from typing import TYPE_CHECKING

from rollback.core.times import Times
from rollback.model import Ending, Grade, Kind, Outcome, Plan, Result, Verdict
from rollback.report import words
from rollback.report.evidence import told

if TYPE_CHECKING:
    from rich.text import Text

_MARKS = {
    Outcome.DONE: ("✓", "bold green"),
    Outcome.ROLLED_BACK: ("↩", f"bold {words.CAUTION}"),
    Outcome.PARTIAL: ("!", f"bold {words.CAUTION}"),
    Outcome.HELD: ("?", f"bold {words.CAUTION}"),
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
        Outcome.PARTIAL: f"{_there(target, back, ending)} is verified on all hosts that could be reached; "
        f"pending: {words.hosts(ending.away)}",
        Outcome.INTERRUPTED: "interrupted before anything live changed",
        Outcome.FENCED: ending.reason,
    }
    return said[ending.outcome]


def _there(target: str, back: str, ending: Ending) -> str:
    """What the hosts that answered run: the fallback only when the way back was taken."""
    return back if back and (ending.back is not None or ending.verdict.grade is not Grade.GOOD) else target


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


def explanation(ending: Ending, took: Times) -> tuple[str, ...]:
    """The findings that count, what is live, and how long it took."""
    said = [f"  {line}" for line in evidence_of(ending.verdict)]
    if ending.back is not None and ending.back.grade is not Grade.GOOD:
        said += ["  after the rollback:", *(f"  {line}" for line in evidence_of(ending.back))]
    return (*said, *_live(ending), *_took(took))


def _took(took: Times) -> Iterable[str]:
    parts = " · ".join(f"{name} {words.seconds(value)}" for name, value in took.parts())
    whole = (took.ended - took.started).total_seconds() if took.started and took.ended else None
    if whole is not None:
        yield f"  took      {words.seconds(whole)}{f'  ({parts})' if parts else ''}"


def evidence_of(verdict: Verdict) -> Iterable[str]:
    """What speaks against a release that is not good, the worst first; the rest is in `rollback show`."""
    if verdict.grade is Grade.GOOD:
        return ()
    worst = [f for f in verdict.findings if f.result not in {Result.PASS, Result.SKIPPED}]
    return told(sorted(worst, key=lambda f: (not f.required, f.result is not Result.FAIL)), _WORST)


def _live(ending: Ending) -> Iterable[str]:
    order = sorted(ending.live, key=lambda pair: str(pair[1]))
    for live, group in groupby(order, key=lambda pair: pair[1]):
        yield f"  live      {words.id_tag(live)} on {words.hosts([host for host, _ in group])}"
    seen = {host for host, _ in ending.live}
    if away := [host for host in ending.away if host not in seen]:
        yield f"  pending   {words.hosts(away)}: not reached, what is live there is not known"
    if lacking := [host for host in ending.away if host in seen]:
        why = "could not be brought the release" if ending.back is None else "not touched, and not on the same release"
        yield f"  pending   {words.hosts(lacking)}: {why}"


def hint(plan: Plan, ending: Ending, operation: str) -> str:
    """The next command to type."""
    tag, show = quote(words.tag(plan.target)), f"rollback show {words.start_of(operation)}"
    again = {Kind.DEPLOY: f"rollback deploy {tag}", Kind.ROLLBACK: f"rollback --to {tag}"}.get(
        plan.kind, "rollback resume"
    )
    return {
        Outcome.DONE: "rollback status" if plan.kind is Kind.DEPLOY else show,
        Outcome.ABANDONED: f"{show}; mend the cause, then {again}",
        Outcome.ROLLED_BACK: show,
        Outcome.LEFT: "rollback" if plan.fallback else f"{show}; then deploy a release that works",
        Outcome.STRANDED: "rollback status; mend the cause, then rollback resume, or rollback --to TAG",
        Outcome.HELD: f"rollback verify; then rollback mark good {tag} --reason '…', or rollback",
        Outcome.PARTIAL: "rollback resume, once the pending hosts can be reached",
        Outcome.INTERRUPTED: again,
        Outcome.FENCED: "rollback status",
    }[ending.outcome]
