"""The commands about an incident: its report, and what a person adds to its timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

from rich.text import Text

from rollback.cli.keep import noted
from rollback.cli.look import found
from rollback.cli.moments import typed, zone
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.changed import Changed
from rollback.core.incident import Incident
from rollback.core.search import Search, bearing
from rollback.errors import Refused, UsageError
from rollback.model import Noted, Release
from rollback.report.case import Case
from rollback.report.clock import Clock
from rollback.report.postmortem import document, drawn, sentence

_LONG_AGO = timedelta(days=30)


def postmortem(options: Options, operations: Sequence[str], page: bool, image: bool) -> Reply:
    if page and image:
        raise UsageError("--html and --svg are two files", hint="rollback postmortem --html >incident.html")
    with Session(options) as session:
        case = _case(session, _incident(session, operations))
        said, data = sentence(case), {"incident": case.incident, "times": case.took, "changed": case.changed}
        text = Text(_text(case, page=page, image=image), no_wrap=True)
        return Reply(data, (text,), 0, said, _next(case))


def _text(case: Case, *, page: bool, image: bool) -> str:
    from rollback.report.blocks import html, markdown
    from rollback.report.timeline_svg import style, svg

    if image:
        return svg(drawn(case), style())
    return html(document(case), style()) if page else markdown(document(case)).rstrip("\n")


def _next(case: Case) -> str:
    if case.incident.over is None:
        return "rollback status"
    return "rollback note 'what no check saw' --at 09:45; then fill in what is marked TODO(human)"


def _incident(session: Session, operations: Sequence[str]) -> Incident:
    """Those operations', else the last one. Raises: Refused when there was none."""
    named = frozenset(found(session, one).operation for one in operations)
    if not named:
        session.sight()
    one = _search(session).of(named) if named else _search(session).last()
    if one is None:
        said = f"there was no incident on {session.environment.name}: no check failed, and nobody rolled back"
        raise Refused(said, hint="rollback history, then rollback postmortem OPERATION")
    return one


def _search(session: Session) -> Search:
    from rollback.ledger.ids import floor

    return Search(session.ledger.shelf, floor, datetime.now(UTC))


def _case(session: Session, incident: Incident) -> Case:
    env, book = session.environment, session.playbook
    records = bearing(session.ledger.shelf, incident)
    case = Case(book.app, env.name, incident, records, None, env.url, zone(book.timezone))
    return replace(case, changed=_changed(session, case.before, incident.bad))


def _changed(session: Session, good: Release | None, bad: Release | None) -> Changed | None:
    """Without git the report only says so."""
    if good is None or bad is None or good == bad:
        return None
    try:
        return session.repository.changed(good, bad)
    except Refused:
        return None


def note(options: Options, text: str, at: str | None) -> Reply:
    if not text.strip():
        raise UsageError("the note is empty: say what happened", hint="rollback note 'customers were told' --at 09:45")
    with Session(options) as session:
        now = datetime.now(UTC)
        team = zone(session.playbook.timezone)
        about = _about(at, now, team)
        said = f"noted of {Clock(about, about, team).said(about)}"
        if options.dry_run:
            return Reply({"at": about}, (f"would be {said}",), 0, "dry run: nothing was changed", "the same without -n")
        entries = noted(session, session.sight(), Noted(text, about))
        part = _search(session).holding(entries.operation, about)
        of = "" if part else ": no incident is near; it is kept, and is part of one that begins within a day"
        data = {"operation": entries.operation, "at": about, "incident": part.operations if part else ()}
        return Reply(data, (f"{said}{of}",), 0, f"{said}{of}", "rollback postmortem" if part else "rollback history")


def _about(at: str | None, now: datetime, team: tzinfo) -> datetime:
    """Raises UsageError for a time that is none, or is not one of an incident that people still remember."""
    if at is None:
        return now
    about = typed("--at", at, now, team, "rollback note 'customers were told' --at 09:45")
    if now - about > _LONG_AGO:
        raise UsageError(f"--at {at!r} is more than 30 days ago: a note is written while people know")
    return about
