"""The end of an operation, explained: what happened, on what it rests, what is live now, and what to type next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from shlex import quote
from typing import TYPE_CHECKING

from rollback.core.explain import Explanation
from rollback.core.judge import ALL_PASSED
from rollback.core.recall import GATE
from rollback.core.times import Times
from rollback.model import Grade, Kind, Outcome, Release, Verdict
from rollback.report import words
from rollback.report.evidence import told, worst

if TYPE_CHECKING:
    from rich.text import Text

MARKS = {
    Outcome.DONE: ("✓", "bold green"),
    Outcome.ROLLED_BACK: ("↩", f"bold {words.CAUTION}"),
    Outcome.PARTIAL: ("!", f"bold {words.CAUTION}"),
    Outcome.HELD: ("?", f"bold {words.CAUTION}"),
}
OTHERS = ("✗", "bold red")
_WORST = 5  # findings shown; the others are in `rollback show`


def message(why: Explanation) -> str:
    """One sentence."""
    target, back = _tag(why.target), _tag(why.fallback)
    said = {
        Outcome.DONE: f"{target} is live and verified",
        Outcome.REFUSED: f"refused, nothing was changed: {why.reason}",
        Outcome.ABANDONED: f"{target} was not switched on; nothing live changed: {why.reason}",
        Outcome.ROLLED_BACK: f"{_was(target, why)}; {back} is back and verified",
        Outcome.LEFT: f"{_was(target, why)} and was left live: {why.reason}",
        Outcome.STRANDED: f"stranded, a person is needed: {why.reason}",
        Outcome.HELD: f"held: {target} could be judged neither good nor bad: {why.reason}",
        Outcome.PARTIAL: f"{(why.went_back and back) or target} is verified on all hosts that could be "
        f"reached; pending: {words.hosts(why.away)}",
        Outcome.INTERRUPTED: why.reason,
        Outcome.FENCED: why.reason,
    }
    return said[why.outcome]


def _tag(release: Release | None) -> str:
    return words.tag(release) if release else ""


def _was(target: str, why: Explanation) -> str:
    return f"{target} is bad" if why.verdict.grade is Grade.BAD else f"{target} was not finished ({why.verdict.rule})"


def headline(outcome: Outcome, said: str) -> Text:
    """The sentence with its mark, in the outcome's colour."""
    from rich.text import Text

    mark, style = MARKS.get(outcome, OTHERS)
    return Text(f"{mark} {said}", style)


def lines(why: Explanation) -> tuple[str, ...]:
    """The rule that fired, the findings that count, where the way back led and why, what is live, how long it took."""
    said = [*_rule(why), *(f"  {line}" for line in evidence_of(why.verdict, why))]
    if why.back is not None and why.back.grade is not Grade.GOOD:
        said += ["  after the rollback:", *(f"  {line}" for line in evidence_of(why.back, why))]
    return (*said, *_back_to(why), *afterwards(why))


def afterwards(why: Explanation) -> tuple[str, ...]:
    """What is live now, and how long it took: a label of ten characters, after two blanks, and the rest."""
    return (*_live(why), *_took(why.times))


def _rule(why: Explanation) -> Iterable[str]:
    """Unless the sentence says it, or there is nothing to be said."""
    if why.verdict.rule != ALL_PASSED and why.verdict.rule not in message(why):
        yield f"  rule      {why.verdict.rule}"


def way_back(why: Explanation) -> tuple[tuple[str, str], ...]:
    """Why the way back led where it did, and not to what is newer, as labels and texts; nothing where none was due."""
    to = why.back_to
    if not why.went_back and (why.outcome is not Outcome.LEFT or why.fallback):
        return ()
    since = f"known good since {words.moment(to.since)}" if to else ""
    chosen = (("back to", f"{words.named(to.release)}: {since}"),) if to and why.went_back else ()
    skipped = (f"{words.tag(one.release)}: {words.skipped(one, because)}" for one, because in why.skipped)
    return (*chosen, *(("skipped", said) for said in skipped))


def _back_to(why: Explanation) -> Iterable[str]:
    return (f"  {label:<10}{said}" for label, said in way_back(why))


def _took(took: Times) -> Iterable[str]:
    parts = " · ".join(f"{name} {words.seconds(value)}" for name, value in took.parts())
    whole = (took.ended - took.started).total_seconds() if took.started and took.ended else None
    if whole is not None:
        yield f"  took      {words.seconds(whole)}{f'  ({parts})' if parts else ''}"


def evidence_of(verdict: Verdict, why: Explanation) -> Iterable[str]:
    """What speaks against a release that is not good, the worst first; the rest is in `rollback show`."""
    return () if verdict.grade is Grade.GOOD else told(worst(verdict.findings, why.before), _WORST)


def _live(why: Explanation) -> Iterable[str]:
    order = sorted(why.live, key=lambda pair: str(pair[1]))
    for live, group in groupby(order, key=lambda pair: pair[1]):
        yield f"  live      {words.id_tag(live)} on {words.hosts([host for host, _ in group])}"
    seen = {host for host, _ in why.live}
    if away := [host for host in why.away if host not in seen]:
        yield f"  pending   {words.hosts(away)}: not reached, what is live there is not known"
    if lacking := [host for host in why.away if host in seen]:
        lack = "could not be brought the release" if why.back is None else "not touched, and not on the same release"
        yield f"  pending   {words.hosts(lacking)}: {lack}"


def _after_left(why: Explanation, show: str) -> str:
    if why.fallback is None:
        return f"{show}; then deploy a release that works"
    if why.barred:
        can = f"when {words.tag(why.fallback)} can work with the database as it is"
        return f"{show}; then deploy a release that works, or {can}: rollback --cross-migrations"
    return "rollback"


def _after_held(why: Explanation, tag: str) -> str:
    """A deploy that was held at its canary can go on."""
    everywhere = len({live for _, live in why.live}) < 2
    return f"rollback mark good {tag} --reason '…'" if everywhere else f"rollback deploy {tag} to go on"


def hint(why: Explanation) -> str:
    """The next command to type."""
    tag, show = quote(_tag(why.target)), f"rollback show {words.start_of(why.operation)}"
    again = {
        Kind.DEPLOY.value: f"rollback deploy {tag}",
        Kind.ROLLBACK.value: f"rollback --to {tag}",
        GATE: "rollback gate",
    }.get(why.what, "rollback resume")
    return {
        Outcome.DONE: "rollback status" if why.what == Kind.DEPLOY else show,
        Outcome.REFUSED: f"{show}; mend the cause, then {again}",
        Outcome.ABANDONED: f"{show}; mend the cause, then {again}",
        Outcome.ROLLED_BACK: show,
        Outcome.LEFT: _after_left(why, show),
        Outcome.STRANDED: "rollback status; mend the cause, then rollback resume, or rollback --to TAG",
        Outcome.HELD: f"rollback verify; then {_after_held(why, tag)}, or rollback",
        Outcome.PARTIAL: "rollback resume, once the pending hosts can be reached",
        Outcome.INTERRUPTED: again,
        Outcome.FENCED: "rollback status",
    }[why.outcome]


def data(why: Explanation) -> dict[str, object]:
    """What `--json` holds of it beside the ending itself."""
    return {"times": why.times, "back_to": why.back_to, "skipped": why.skipped, "parts": why.parts}
