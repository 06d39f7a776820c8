"""What follows from a gate's verdict: it is recorded, here and on the hosts; what is bad is left or rolled back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from rollback.cli.change import Changed, change
from rollback.cli.entries import Entries
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.telling import condemned, judged
from rollback.cli.wanted import Terms, rollback_plan
from rollback.core.explain import Explanation
from rollback.core.fallback import choose_fallback
from rollback.core.judge import Decision
from rollback.core.recall import GATE, Subject, explained
from rollback.core.times import Times
from rollback.errors import Fenced, Refused, RollbackError
from rollback.events import Noticed
from rollback.model import (
    Ended,
    Ending,
    Fact,
    Finding,
    Grade,
    Judged,
    Observed,
    Outcome,
    Phase,
    Plan,
    Release,
    Result,
    Sighting,
    Step,
    Verdict,
)
from rollback.report import ending as endings
from rollback.report import words

_ENDS = {Outcome.DONE: Outcome.ROLLED_BACK, Outcome.ABANDONED: Outcome.LEFT}  # a rollback's end is this gate's


@dataclass(frozen=True, slots=True)
class Seen:
    """What is judged, and where. hosts: those that run it. ours: it was deployed by this tool. pending: hosts that do
    not answer and that it went out without."""

    release: Release
    hosts: tuple[str, ...]
    sightings: tuple[Sighting, ...]
    ours: bool = True
    pending: tuple[str, ...] = ()

    @property
    def astray(self) -> tuple[Sighting, ...]:
        """Hosts that answer, and run something else."""
        return tuple(s for s in self.sightings if self.ours and s.reachable and s.host not in self.hosts)

    @property
    def away(self) -> tuple[Sighting, ...]:
        """Hosts that should answer, and do not."""
        return tuple(s for s in self.sightings if self.ours and not s.reachable and s.host not in self.pending)

    @property
    def live(self) -> tuple[tuple[str, str | None], ...]:
        return tuple((s.host, s.live) for s in self.sightings if s.reachable)


def settled(session: Session, seen: Seen, findings: tuple[Finding, ...], verdict: Verdict, decision: Decision) -> Reply:
    from rollback.ledger.ids import ulid

    entries = Entries(session.ledger, ulid(), _author(session))
    step = Step(Phase.VERIFY, seen.release, seen.hosts)
    _record(session, seen, entries, Observed(step, findings), Judged(seen.release, verdict))
    back = _followed(session, seen, entries.operation, verdict, decision)
    ending = back if isinstance(back, Ending) else _gone_back(back, verdict)
    _record(session, seen, entries, Ended(ending.outcome, ending.live, ending.away, ending.reason))
    changed = back if isinstance(back, Changed) else None
    reply = _reply(session, seen, entries.operation, ending, changed)
    if reply.why and not changed and not session.options.dry_run:
        judged(session, reply.why)
    return reply


def _author(session: Session) -> str:
    """A person's name stands for a verdict that a person gave."""
    name, origin = session.author
    return f"{name} ({dict(origin).get('ci', 'gate')})"


def _record(session: Session, seen: Seen, entries: Entries, *facts: Fact) -> None:
    """In the ledger, and on the hosts, where the next operator finds it. A dry run records nothing."""
    if session.options.dry_run:
        return
    entries.record(*facts)
    if seen.ours:
        hosts = tuple(s.host for s in seen.sightings if s.reachable)
        for one in session.fleet.note(hosts, entries.operation, entries.lines()):
            if one.result is not Result.PASS:
                session.tell(Noticed(words.said(one)))


def _followed(session: Session, seen: Seen, operation: str, verdict: Verdict, decision: Decision) -> Ending | Changed:
    match decision:
        case Decision.GO_ON:
            outcome = Outcome.PARTIAL if seen.pending else Outcome.DONE
            return Ending(outcome, verdict, seen.live, verdict.rule, away=seen.pending)
        case Decision.HOLD:
            return Ending(Outcome.HELD, verdict, seen.live, verdict.rule)
    if why := _why_left(session, seen, verdict, decision):
        return _left(seen, verdict, why)
    return _back(session, seen, operation, verdict)


def _left(seen: Seen, verdict: Verdict, why: str) -> Ending:
    """What could not be judged is not said to be bad."""
    if verdict.grade is Grade.BAD:
        return Ending(Outcome.LEFT, verdict, seen.live, why)
    return Ending(Outcome.HELD, verdict, seen.live, f"{verdict.rule}; {why}")


def _why_left(session: Session, seen: Seen, verdict: Verdict, decision: Decision) -> str:
    """ "" when it is to be rolled back."""
    policy = f"the policy says auto_rollback: {session.policy.auto_rollback}"
    if not seen.ours:
        return "it was not deployed by this tool, which can't take it back: do that with the one that deployed it"
    if decision is Decision.LEAVE:
        return policy
    if decision is not Decision.ASK:
        return ""
    if not (session.options.yes or sys.stdin.isatty()):
        return f"{policy}, and there is no terminal to ask in"
    return "" if session.ask(f"{words.tag(seen.release)} is bad ({verdict.rule}). Roll back?") else "you said no"


def _back(session: Session, seen: Seen, operation: str, verdict: Verdict) -> Ending | Changed:
    """The same procedure as `rollback --yes`; what it refuses leaves what is live as it is."""
    session.tell(Noticed(f"{words.tag(seen.release)} is {verdict.grade}: {verdict.rule}"))
    if not session.options.dry_run:
        condemned(session, operation, seen.release, verdict)
    try:
        changed = change(session, partial(_plan, session, seen.release), Terms(), agreed=not session.options.dry_run)
    except Fenced:
        raise
    except RollbackError as error:
        return _left(seen, verdict, str(error))
    if changed.outcome is None:
        session.say(*changed.reply.shown)
        return _left(seen, verdict, "it would be rolled back, and this is a dry run")
    return changed


def _plan(session: Session, bad: Release, sightings: Sequence[Sighting]) -> Plan:
    """Not from what somebody else has put there since. Raises: Refused."""
    if not any(s.live == bad.id for s in sightings):
        raise Refused(f"{words.tag(bad)} is not live any more", hint="rollback status")
    return rollback_plan(session, None, Terms(), sightings)


def _gone_back(changed: Changed, verdict: Verdict) -> Ending:
    why = changed.reply.why
    assert why is not None
    assert changed.outcome is not None
    outcome = _ENDS.get(changed.outcome, changed.outcome)
    reason = why.reason if outcome is not Outcome.ROLLED_BACK else verdict.rule
    reason = f"{reason} (operation {words.start_of(changed.operation)})"
    switched = outcome not in {Outcome.LEFT, Outcome.INTERRUPTED}
    return Ending(outcome, verdict, why.live, reason, why.verdict if switched else None, why.away)


def _reply(session: Session, seen: Seen, operation: str, ending: Ending, changed: Changed | None) -> Reply:
    records = session.near().every
    target = changed.plan.target if changed and changed.plan else _would(session, seen)
    subject = Subject(GATE, session.environment.name, operation, seen.release, target)
    both = [r for r in records if r.operation in {operation, changed.operation if changed else operation}]
    why = explained(subject, ending, both, records)
    why = replace(why, times=_times(why, changed))
    said, went = endings.message(why), changed.operation if changed else ""
    data = {"operation": operation, "outcome": ending.outcome, "release": seen.release, "ending": ending}
    code = changed.reply.exit_code if changed and ending.outcome is Outcome.INTERRUPTED else ending.outcome.exit_code
    shown = (endings.headline(ending.outcome, said), *endings.lines(why))
    return Reply(
        {**data, "rollback": went, **endings.data(why)},
        shown,
        code,
        said,
        endings.hint(why),
        why,
        session.ledger.head(),
    )


def _would(session: Session, seen: Seen) -> Release | None:
    """Where `rollback` would go now."""
    standing = choose_fallback(seen.sightings, session.known().standings, besides=seen.release)
    return standing.release if standing and seen.ours else None


def _times(why: Explanation, changed: Changed | None) -> Times:
    """From the gate's first failing answer to the rollback being verified."""
    if changed is None or changed.reply.why is None:
        return why.times
    its = changed.reply.why.times
    failing = min((at for part in why.parts for one in part.answers for at in one.amiss), default=None)
    began = failing or its.started
    return Times(started=began, failing=failing, decided=its.started, verified=its.verified, ended=its.ended)
