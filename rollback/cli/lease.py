"""Whose lease it is, and what may be done about it: the claim of a command, and `unlock`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rollback.cli import process
from rollback.cli.entries import Entries
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.signals import Signals
from rollback.errors import LeaseHeld
from rollback.model import LeaseSeen, Result, Sighting, Unlocked
from rollback.operation.claim import Claim, Patience, take
from rollback.report import words
from rollback.report.leases import held, told


def claim(session: Session, operation: str, steal: tuple[str, ...] = (), wait: float = 0.0) -> Claim:
    """What this process may do to get the lease."""
    taken_from = tuple(one.upper() for one in steal)
    return Claim(operation, session.holder, process.own(), process.is_dead, taken_from, wait)


def patience(session: Session) -> Patience:
    return Patience(time.monotonic, time.sleep, session.tell)


def require_free(sightings: Sequence[Sighting], wanted: Claim) -> None:
    """Raises: LeaseHeld when somebody holds a lease that we may not take."""
    barred = [(s.host, s.lease) for s in sightings if s.lease and s.lease.live and not wanted.may_take(s.lease)]
    if barred:
        operations = tuple(dict.fromkeys(lease.operation for _, lease in barred))
        raise LeaseHeld(held(barred), operations=operations)


def unlock(options: Options, operation: str | None) -> Reply:
    """Takes leases away: those of one operation, or all that there are."""
    from rollback.cli.look import seen  # and tables and time-lines, which a rollback does not show
    from rollback.ledger.ids import ulid
    from rollback.report.status import away

    with Session(options) as session:
        sightings = seen(session)
        found = [(s.host, s.lease) for s in sightings if s.lease and _is(s.lease, operation)]
        if not found:
            said = f"no lease to take away on {session.environment.name}"
            return Reply((), (f"✓ {said}", *away(sightings)), 0, said, "rollback status")
        session.say(*told(found))
        names = tuple(dict.fromkeys(lease.operation for _, lease in found))
        if options.dry_run:
            said = "dry run: nothing was changed"
            return Reply(names, (said,), 0, said, "the same without --dry-run")
        if not session.ask("Take it away? Whoever holds it stops where it is."):
            said = "refused: you said no; nothing was changed"
            return Reply(names, (said,), 3, said, "rollback status")
        return _taken_away(session, Entries(session.ledger, ulid(), session.author[0]), names)


def _is(lease: LeaseSeen, operation: str | None) -> bool:
    return operation is None or lease.operation.startswith(operation.upper())


def _taken_away(session: Session, entries: Entries, names: tuple[str, ...]) -> Reply:
    """What a host is still at is not waited for; our own lease goes back when the session ends."""
    with Signals(session.tell) as signals, signals.shield():
        sightings = take(claim(session, entries.operation, names), session.fleet, patience(session))
        hosts = tuple(s.host for s in sightings if s.reachable)
        entries.record(Unlocked(names, hosts))
        findings = session.fleet.note(hosts, entries.operation, entries.lines())
    amiss = tuple(words.said(f) for f in findings if f.result is not Result.PASS)
    said = f"took the lease of {', '.join(map(words.start_of, names))} away on {words.hosts(hosts)}"
    return Reply(
        {"operations": names, "hosts": hosts}, (f"✓ {said}", *amiss), 5 if amiss else 0, said, "rollback resume"
    )
