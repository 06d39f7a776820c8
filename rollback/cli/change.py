"""The commands that change what is live: deploy and rollback. One procedure for both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollback.cli.entries import Entries
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.signals import Signals
from rollback.core import plan as planning
from rollback.core.history import known_releases
from rollback.core.times import times
from rollback.errors import Refused, UsageError
from rollback.model import Ending, Kind, Noticed, Outcome, Plan, Release, Sighting
from rollback.operation.conduct import Asked, Planned, conduct
from rollback.operation.ports import Ports
from rollback.report import ending as endings
from rollback.report import plan as plans

if TYPE_CHECKING:
    from rollback.core.plan import Known


def deploy(options: Options, tag: str, force: bool) -> Reply:
    with Session(options) as session:
        session.require_usable()
        release = session.repository.release(tag, session.playbook.tags)
        if session.repository.dirty():
            session.tell(Noticed("the work tree has changes that are in no commit: what is deployed is the tag"))

        def plan(sightings: Sequence[Sighting]) -> Plan:
            return planning.deploy(release, sightings, session.known(), session.rollout, force=force)

        return _change(session, plan, force=force)


def rollback(options: Options, to: str | None, force: bool) -> Reply:
    if to == "":  # a variable that was not set, in a script: not a wish for some other release
        raise UsageError("--to is empty: which release?", hint="rollback releases; then rollback --to TAG")
    with Session(options) as session:
        session.require_usable()

        def plan(sightings: Sequence[Sighting]) -> Plan:
            known = session.known()
            target = _named(session, to, sightings, known) if to else None
            return planning.rollback(target, sightings, known, session.rollout, force=force)

        return _change(session, plan, force=force)


def _named(session: Session, tag: str, sightings: Sequence[Sighting], known: Known) -> Release:
    """A release by its tag: as it was deployed, else as it lies on the hosts, else from the repository."""
    on_hosts = {release.tag: release for s in sightings for release in s.releases}
    if tag in known.pins or tag in on_hosts:
        return known.pins.get(tag) or on_hosts[tag]
    try:
        return session.repository.release(tag, session.playbook.tags)
    except Refused as error:
        there = ", ".join(sorted(on_hosts)) or "none"
        raise type(error)(f"{error}; releases on the hosts: {there}", hint=error.hint or "rollback releases") from error


def _change(session: Session, plan: Planned, *, force: bool) -> Reply:
    shown = None
    if session.options.dry_run or not session.options.yes:
        sightings = session.sight()
        shown = plan(sightings)
        if session.options.dry_run:
            said = "dry run: nothing was changed"
            return Reply(shown, (*_lines(session, shown), said), 0, said, "the same without --dry-run")
        _show(session, shown)
        if not session.ask("Go ahead?"):
            said = "refused: you said no; nothing was changed"
            return Reply(shown, (said,), 3, said, "rollback status")
    return _under_lease(session, plan, shown, force=force)


def _show(session: Session, plan: Plan) -> None:
    session.say(*_lines(session, plan))


def _lines(session: Session, plan: Plan) -> tuple[str, ...]:
    return plans.lines(plan, session.environment.name, session.known().standings, _changes(session, plan))


def _changes(session: Session, plan: Plan) -> tuple[str, ...]:
    """What a deploy brings, when git can tell; a rollback does not ask it."""
    before = {was for _, was in plan.live}
    known = known_releases(session.records())
    if plan.kind is not Kind.DEPLOY or len(before) != 1 or (live := known.get(before.pop() or "")) is None:
        return ()
    between = session.repository.between(live.commit, plan.target.commit)
    return plans.changed(live, between.commits, len(between.files))


def _under_lease(session: Session, plan: Planned, shown: Plan | None, *, force: bool) -> Reply:
    from rollback.ledger.ids import ulid

    session.fleet.begin()  # what follows is loaded while the hosts let us in, and refused before they are changed
    operation, (author, origin) = ulid(), session.author
    entries, checks = Entries(session.ledger, operation, author), session.checks
    with Signals(session.tell) as signals:
        sightings = session.fleet.acquire(operation, session.holder)
        session.learn(sightings)
        asked = Asked(plan, shown, lambda one: _show(session, one), origin, session.known().standings, force)
        releases = session.releases(sightings)
        ports = Ports(session.fleet, checks, entries, session.tell, session.ask, signals.shield, releases)
        done, ending = conduct(asked, sightings, session.policy, ports)
    session.progress.__exit__()
    return _reply(session, operation, done, ending, signals.last)


def _reply(session: Session, operation: str, plan: Plan, ending: Ending, signal: int) -> Reply:
    took = times(record for record in session.records() if record.operation == operation)
    code = 128 + signal if ending.outcome is Outcome.INTERRUPTED and signal else ending.outcome.exit_code
    said = endings.message(plan, ending)
    data = {"operation": operation, "outcome": ending.outcome, "plan": plan, "ending": ending, "times": took}
    shown = endings.explanation(ending, took)
    return Reply(data, (endings.headline(ending, said), *shown), code, said, endings.hint(plan, ending, operation))
