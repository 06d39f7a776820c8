"""The commands about releases that lie on the hosts: mark and prune."""

from __future__ import annotations

from collections.abc import Sequence

from rollback.cli.entries import Entries
from rollback.cli.lease import claim, patience
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.signals import Signals
from rollback.core.history import prunable
from rollback.errors import PlanChanged, UnknownTag, UsageError
from rollback.events import Noticed
from rollback.model import Fact, Finding, Grade, Marked, Pruned, Release, Result, Sighting
from rollback.operation.claim import take
from rollback.report import words


def mark(options: Options, grade: str, tag: str, reason: str) -> Reply:
    if grade not in {Grade.GOOD, Grade.BAD}:
        raise UsageError(
            f"a release is marked good or bad, not {grade!r}", hint=f"rollback mark bad {tag} --reason '…'"
        )
    if not reason.strip():
        raise UsageError("--reason is empty: say why, it is kept in the ledger")
    with Session(options) as session:
        sightings = session.sight()
        release = _named(session, tag, tuple(r for s in sightings for r in s.releases))
        entries = noted(session, sightings, Marked(release, Grade(grade), reason))
        live = [s.host for s in sightings if s.live == release.id]
        hint = "rollback" if grade == Grade.BAD and live else "rollback releases"
        said = f"{words.named(release)} is marked {grade} on {session.environment.name}"
        on = f"; it is live on {words.hosts(live)}" if live else ""
        return Reply(
            {"operation": entries.operation, "release": release, "grade": grade},
            (said + on,),
            0,
            said + on,
            hint,
        )


def noted(session: Session, sightings: Sequence[Sighting], fact: Fact) -> Entries:
    """Recorded as an operation of its own, and told to every host, so that other machines learn of it there."""
    from rollback.ledger.ids import ulid

    entries = Entries(session.ledger, ulid(), session.author[0])
    entries.record(fact)
    hosts = tuple(s.host for s in sightings if s.reachable)
    _tell(session, session.fleet.note(hosts, entries.operation, entries.lines()))
    away = [s.host for s in sightings if not s.reachable]
    if away:
        where = "in the ledger and in the other hosts' journals" if hosts else "in the ledger only"
        session.tell(Noticed(f"not reached: {words.hosts(away)}; this is {where}"))
    return entries


def _named(session: Session, tag: str, on_hosts: tuple[Release, ...]) -> Release:
    session.regard(tag)
    pinned = session.known().pins.get(tag) or next((r for r in on_hosts if r.tag == tag), None)
    if pinned is not None:
        return pinned
    try:
        return session.repository.release(tag, session.playbook.tags)
    except UnknownTag as error:
        raise UnknownTag(f"{error}, and no release of that tag is on the hosts", hint="rollback releases") from error


def prune(options: Options) -> Reply:
    from rollback.cli.look import seen
    from rollback.ledger.ids import ulid
    from rollback.report.status import away

    with Session(options) as session:
        sightings = seen(session)
        doomed = prunable(sightings, session.known().standings, session.playbook.keep)
        names = " ".join(words.tag(release) for release in doomed)
        if not doomed:
            said = "nothing to delete: every release on the hosts is needed"
            return Reply((), (said, *away(sightings)), 0, "nothing to delete", "rollback releases")
        session.say(f"delete {names} on {words.hosts([s.host for s in sightings if s.reachable])}")
        if options.dry_run:
            said = "dry run: nothing was changed"
            return Reply(doomed, (said,), 0, said, "the same without --dry-run")
        if not session.ask("Go ahead?"):
            said = "refused: you said no; nothing was deleted"
            return Reply(doomed, (said,), 3, said, "rollback releases")
        trouble = _delete(session, Entries(session.ledger, ulid(), session.author[0]), doomed)
        said = f"not everything of {names} could be deleted" if trouble else f"deleted {names}"
        return Reply(doomed, (said,), 5 if trouble else 0, said, "rollback releases")


def _delete(session: Session, entries: Entries, doomed: tuple[Release, ...]) -> bool:
    """Under the lease; what is needed by then is looked at again. True when some host had trouble."""
    with Signals(session.tell) as signals:
        sightings = take(claim(session, entries.operation), session.fleet, patience(session))
        hosts = tuple(s.host for s in sightings if s.reachable)
        try:
            still = prunable(sightings, session.known().standings, session.playbook.keep)
            if set(doomed) - set(still):
                raise PlanChanged("the hosts changed: some of these releases are needed now", hint="rollback prune")
            entries.record(Pruned(doomed, hosts))
            findings = session.fleet.prune(hosts, tuple(release.id for release in doomed))
        finally:
            with signals.shield():
                session.fleet.finish(hosts, entries.lines())
    return _tell(session, findings)


def _tell(session: Session, findings: tuple[Finding, ...]) -> bool:
    amiss = [f for f in findings if f.result is not Result.PASS]
    for finding in amiss:
        session.tell(Noticed(f"{words.said(finding)}"))
    return bool(amiss)
