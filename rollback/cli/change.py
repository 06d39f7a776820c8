"""The commands that change what is live: deploy, rollback and resume. One procedure for all.

Each looks at the hosts, shows the plan and asks, takes the lease, looks and plans again, and carries it out. What an
operation left that did not end comes first, as an operation of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from rollback.cli.lease import claim, patience, require_free
from rollback.cli.migrations import notice
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.signals import Signals
from rollback.cli.telling import Telling, post
from rollback.cli.wanted import Terms, deploy_plan, first_plan, left, only_settled, resume_plan, rollback_plan
from rollback.core.expected import expected
from rollback.core.history import known_releases
from rollback.core.recall import Subject, explained
from rollback.errors import LeaseHeld, Refused, UsageError
from rollback.events import Noticed
from rollback.model import Ending, Kind, Outcome, Plan, Release, Sighting
from rollback.operation.claim import take
from rollback.operation.conduct import Asked, Planned, conduct
from rollback.operation.ports import Ports
from rollback.report import ending as endings
from rollback.report import plan as plans
from rollback.report import waves, words


def deploy(options: Options, tag: str, terms: Terms) -> Reply:
    with Session(options) as session:
        session.require_usable()
        release = session.repository.release(tag, session.playbook.tags)
        if session.repository.dirty():
            session.tell(Noticed("the work tree has changes that are in no commit: what is deployed is the tag"))
        notice(session, release)

        settled = change(session, partial(first_plan, session, release, terms), terms)
        if not only_settled(settled.plan, settled.outcome, release):
            return settled.reply
        session.say(*settled.reply.shown, "")
        return change(session, partial(deploy_plan, session, release, terms), terms).reply


def rollback(options: Options, to: str | None, terms: Terms) -> Reply:
    if to == "":  # a variable that was not set, in a script: not a wish for some other release
        raise UsageError("--to is empty: which release?", hint="rollback releases; then rollback --to TAG")
    with Session(options) as session:
        session.require_usable()
        return change(session, partial(back_plan, session, to, terms), terms, may_preempt=True).reply


def back_plan(session: Session, to: str | None, terms: Terms, sightings: Sequence[Sighting]) -> Plan:
    """Undo what was left half done, or else go back. Raises: Refused, Unreachable."""
    target = named(session, to, sightings) if to else None
    return rollback_plan(session, target, terms, sightings)


def resume(options: Options, terms: Terms) -> Reply:
    from rollback.cli.look import seen  # and tables and time-lines, which a rollback does not show

    with Session(options) as session:
        session.require_usable()

        sightings = seen(session)
        if left(session, sightings) is None:
            return _nothing_to_do(session, sightings)
        return change(session, partial(resume_plan, session, terms), terms).reply


def _nothing_to_do(session: Session, sightings: Sequence[Sighting]) -> Reply:
    """Here and now; what is to be done on a host that is still away stays to be done."""
    known = session.known()
    waiting = known.rest.pending | {host for one in known.left for host in one.hosts}
    away = [s.host for s in sightings if not s.reachable and s.host in waiting]
    said = f"nothing was left undone on {session.environment.name}"
    if not away:
        return Reply(None, (f"✓ {said}",), 0, said, "rollback status")
    said = f"{said} that could be done now; still pending: {words.hosts(away)}"
    return Reply(None, (f"! {said}",), Outcome.PARTIAL.exit_code, said, "rollback check")


def named(session: Session, tag: str, sightings: Sequence[Sighting]) -> Release:
    """A release by its tag: as it was deployed, else as it lies on the hosts, else from the repository."""
    session.regard(tag)
    known = session.known()
    on_hosts = {release.tag: release for s in sightings for release in s.releases}
    if tag in known.pins or tag in on_hosts:
        return known.pins.get(tag) or on_hosts[tag]
    try:
        found = session.repository.release(tag, session.playbook.tags)
        session.regard(found)
        return found
    except Refused as error:
        there = ", ".join(sorted(on_hosts)) or "none"
        raise type(error)(f"{error}; releases on the hosts: {there}", hint=error.hint or "rollback releases") from error


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it. plan, outcome: None when nothing was begun. signal: that came meanwhile, its number; 0: none."""

    reply: Reply
    operation: str = ""
    plan: Plan | None = None
    outcome: Outcome | None = None
    signal: int = 0


def change(
    session: Session, plan: Planned, terms: Terms, *, may_preempt: bool = False, agreed: bool = False
) -> Changed:
    """One operation, from the first look to its answer. agreed: it was asked about already. Raises: RollbackError."""
    shown = None
    if not agreed and (session.options.dry_run or not session.options.yes):
        sightings = session.sight()
        shown = plan(sightings)
        if session.options.dry_run:
            said = "dry run: nothing was changed"
            return Changed(Reply(shown, (*_lines(session, shown), said), 0, said, "the same without --dry-run"))
        terms = _agreed(session, sightings, terms, may_preempt=may_preempt)
        _show(session, shown)
        if not session.ask("Go ahead?"):
            said = "refused: you said no; nothing was changed"
            return Changed(Reply(shown, (said,), 3, said, "rollback status"))
    return _under_lease(session, plan, shown, terms)


def _agreed(session: Session, sightings: Sequence[Sighting], terms: Terms, *, may_preempt: bool) -> Terms:
    """Who holds the lease is said before the plan; a rollback may take it from them when a person says so."""
    try:
        require_free(sightings, claim(session, "", terms.steal, terms.wait))
    except LeaseHeld as error:
        if terms.wait:
            return terms
        if not may_preempt or not sys.stdin.isatty():
            raise
        if not session.ask(f"{error}. Take the lease away from it?"):
            raise
        return replace(terms, steal=error.operations)
    return terms


def _show(session: Session, plan: Plan) -> None:
    session.say(*_lines(session, plan))


def _lines(session: Session, plan: Plan) -> tuple[str, ...]:
    known = session.known()
    noted = (*_changes(session, plan), *plans.frozen(plan, known.freeze))
    shown = plans.lines(plan, session.environment.name, known.standings, known.left, noted)
    return (*shown, *waves.takes(expected(plan, session.near().recent)))


def _changes(session: Session, plan: Plan) -> tuple[str, ...]:
    """What a deploy brings, when git can tell; a rollback does not ask it."""
    before = {was for _, was in plan.live}
    known = known_releases(session.near().every)
    if plan.kind is not Kind.DEPLOY or len(before) != 1 or (live := known.get(before.pop() or "")) is None:
        return ()
    between = session.repository.between(live.commit, plan.target.commit)
    return plans.changed(live, between.commits, len(between.files))


def _under_lease(session: Session, plan: Planned, shown: Plan | None, terms: Terms) -> Changed:
    from rollback.cli.entries import Entries
    from rollback.ledger.ids import ulid

    session.fleet.begin()  # what follows is loaded while the hosts let us in, and refused before they are changed
    operation, (author, origin) = ulid(), session.author
    telling, _ = Telling(session, operation, terms.reason), post(session)
    entries, checks = Entries(session.ledger, operation, author, telling.heard), session.checks
    with Signals(session.tell) as signals:
        wanted = claim(session, operation, terms.steal, terms.wait)
        sightings = take(wanted, session.fleet, patience(session))
        session.learn(sightings)
        asked = Asked(plan, shown, lambda one: _show(session, one), origin, session.known().standings, terms.force)
        releases = session.releases(sightings)
        ports = Ports(session.fleet, checks, entries, session.tell, session.ask, signals.shield, releases)
        try:
            done, ending = conduct(asked, sightings, session.policy, ports)
        except BaseException:
            telling.over()
            raise
    session.progress.__exit__()
    reply = _reply(session, operation, done, ending, signals.last)
    telling.over(reply.why)
    return Changed(reply, operation, done, ending.outcome, signals.last)


def _reply(session: Session, operation: str, plan: Plan, ending: Ending, signal: int) -> Reply:
    records = session.near().every
    mine = [record for record in records if record.operation == operation]
    subject = Subject(plan.kind, session.environment.name, operation, plan.target, plan.fallback, bool(plan.barrier))
    why = explained(subject, ending, mine, records)
    code = 128 + signal if ending.outcome is Outcome.INTERRUPTED and signal else ending.outcome.exit_code
    said = endings.message(why)
    data = {"operation": operation, "outcome": ending.outcome, "plan": plan, "ending": ending, **endings.data(why)}
    return Reply(
        data,
        (endings.headline(ending.outcome, said), *endings.lines(why)),
        code,
        said,
        endings.hint(why),
        why=why,
        head=session.ledger.head(),
    )
