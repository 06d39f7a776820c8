"""What people are told of an operation, the long watch or a freeze: one sentence, some lines, the next command."""

from __future__ import annotations

from dataclasses import dataclass

from rollback.core.explain import Explanation
from rollback.model import Ended, Frozen, Grade, Kind, Outcome, Release, Started, Unfrozen, Verdict, Watched
from rollback.report import ending, words
from rollback.report.evidence import told, worst
from rollback.text import clean_line

_MOMENTS = {
    Outcome.DONE: "good",
    Outcome.ROLLED_BACK: "rolled_back",
    Outcome.PARTIAL: "partial",
    Outcome.LEFT: "bad",
    Outcome.HELD: "held",
    Outcome.STRANDED: "stranded",
}
_BEGUN = {
    Kind.DEPLOY: "the deploy of {} has begun",
    Kind.ROLLBACK: "a rollback to {} has begun",
    Kind.RESUME: "what was left unfinished is put in order: to {}",
    Kind.DRILL: "a rehearsal of a rollback to {} has begun",
}
_WORST = 5  # findings


@dataclass(frozen=True, slots=True)
class Told:
    """moment: a word of the playbook's notify.moments. next: a command, or ""."""

    moment: str
    headline: str
    details: tuple[str, ...] = ()
    next: str = ""


def begun(fact: Started, reason: str) -> Told:
    """reason: of whoever asked for it, or ""."""
    back = f"way back: {words.named(fact.fallback)}" if fact.fallback else "way back: none"
    details = (*_because(reason), f"hosts: {words.hosts(fact.hosts)}", *((back,) if fact.kind is Kind.DEPLOY else ()))
    return Told("started", _BEGUN[fact.kind].format(words.named(fact.target)), details, "rollback status")


def _because(reason: str) -> tuple[str, ...]:
    return (f"reason: {clean_line(reason)}",) if reason else ()


def over(why: Explanation, reason: str = "") -> Told:
    done = why.outcome is Outcome.DONE and why.restored is not None
    moment = "rolled_back" if done else _MOMENTS.get(why.outcome, "abandoned")
    details = (line.removeprefix("  ") for line in ending.lines(why))
    return Told(moment, ending.message(why), (*_because(reason), *details), ending.hint(why))


def unexplained(fact: Ended, begun: Started, operation: str, environment: str) -> Explanation:
    """Of an operation that was refused, interrupted or taken over: only its end is known."""
    return Explanation(
        what=begun.kind,
        environment=environment,
        outcome=fact.outcome,
        verdict=Verdict(Grade.UNKNOWN, fact.reason),
        operation=operation,
        target=begun.target,
        fallback=begun.fallback,
        reason=fact.reason,
        live=fact.live,
        away=fact.pending,
    )


def condemned(release: Release, verdict: Verdict) -> Told:
    """A gate's verdict, before it goes back."""
    headline = f"{words.tag(release)} is bad, and is rolled back: {verdict.rule}"
    return Told("bad", headline, tuple(told(worst(verdict.findings, {}), _WORST)), "rollback status")


def watched(before: Watched | None, now: Watched, verdict: Verdict) -> Told | None:
    """None: it is well, as it was before, or as nothing was said yet."""
    release = words.named(now.release) if now.release else "what is live, where the hosts differ,"
    if now.grade is not Grade.GOOD:
        details = tuple(told(worst(verdict.findings, {}), _WORST))
        return Told("alert", f"{release} is {now.grade}: {now.reason}", details, "rollback status")
    if before is None or before.grade is Grade.GOOD:
        return None
    return Told("recovered", f"{release} is good again: {now.reason}", (), "rollback status")


def frozen(fact: Frozen | Unfrozen) -> Told:
    if isinstance(fact, Frozen):
        return Told(
            "frozen", f"deploys are frozen: {fact.reason}", (), "rollback unfreeze --reason '…', once it is over"
        )
    return Told("unfrozen", f"deploys may go ahead again: {fact.reason}")
