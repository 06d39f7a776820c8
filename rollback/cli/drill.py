"""The rehearsal of a rollback: to the fallback as in an incident, and back again, while a user keeps asking.

The way there is an operation of its own, which leaves something undone until the fleet is back: whatever cuts the drill
off, `status` says so and the next command puts it right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollback.checks.uptime import Uptime
from rollback.cli.change import change
from rollback.cli.entries import Entries
from rollback.cli.migrations import behind, rehearsed
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.wanted import Terms
from rollback.core import plan as planning
from rollback.core.resume import resume
from rollback.core.times import times
from rollback.errors import Refused, UsageError
from rollback.model import Drilled, Outcome, Plan, Sighting
from rollback.report import words

if TYPE_CHECKING:
    from rollback.playbook.http import Tls


def drill(options: Options, terms: Terms) -> Reply:
    if options.env is None:
        hint = "rollback drill -e ENVIRONMENT"
        raise UsageError("a drill switches what people use: say which environment to rehearse on", hint=hint)
    with Session(options) as session:
        session.require_usable()
        with Uptime(session.environment.url, _tls(session)) as uptime:
            there = change(session, lambda seen: _way_there(session, seen), terms)
            if there.outcome is not Outcome.DONE:
                return there.reply
            session.say(*there.reply.shown, "", "and now back, as what any interrupted operation leaves is put right:")
            back = change(session, lambda seen: _way_back(session, seen), terms, agreed=True)
        if back.outcome is not Outcome.DONE:
            return back.reply
        session.say(*back.reply.shown, "")
        return _told(session, there.operation, uptime)


def _way_there(session: Session, sightings: Sequence[Sighting]) -> Plan:
    known, rollout = session.known(), session.rollout
    if resume(sightings, known, rollout) is not None:
        raise Refused("something was left unfinished: a drill begins at rest", hint="rollback resume")
    return rehearsed(session, planning.drill(sightings, known, rollout), sightings)


def _way_back(session: Session, sightings: Sequence[Sighting]) -> Plan:
    found = resume(sightings, session.known(), session.rollout)
    if found is None:
        raise Refused("the fleet is not where the drill left it", hint="rollback status")
    return behind(session, found, sightings, cross=False)


def _tls(session: Session) -> Tls | None:
    """How the url's certificate is verified: as the first check says that asks there."""
    return next((tls for c in session.playbook.checks if (tls := c.tls or (c.http and c.http.tls))), None)


def _told(session: Session, operation: str, uptime: Uptime) -> Reply:
    rehearsed = times(session.ledger.shelf.read(frozenset((operation,))))
    assert rehearsed.started is not None
    assert rehearsed.verified is not None
    took = (rehearsed.verified - rehearsed.started).total_seconds()
    done = Drilled(took, uptime.asked, uptime.failed)
    entries = Entries(session.ledger, operation, session.author[0])
    entries.record(done)
    session.fleet.note(tuple(host.name for host in session.hosts), operation, entries.lines())
    said = f"a rollback of {session.environment.name} takes {words.seconds(took)}; {_users(done)}"
    hint = f"rollback show {words.start_of(operation)}"
    return Reply({"operation": operation, "drill": done}, (f"✓ {said}",), 0, said, hint)


def _users(done: Drilled) -> str:
    if not done.asked:
        return "whether users noticed was not measured: the environment has no url"
    return f"of {done.asked} requests of a user meanwhile {done.failed or 'none'} failed"
