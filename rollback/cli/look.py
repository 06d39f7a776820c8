"""The commands that only look: status, releases, history, show."""

from __future__ import annotations

from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.history import kept, unfinished
from rollback.core.past import Past, past
from rollback.core.plan import candidates, choose_fallback
from rollback.core.status import Status, common_live
from rollback.core.times import times
from rollback.errors import Refused, Unreachable
from rollback.report import tables


def status(options: Options) -> Reply:
    with Session(options) as session:
        sightings = session.fleet.sight()
        session.learn(sightings)
        if not any(s.reachable for s in sightings):
            problems = "; ".join(f"{s.host}: {s.problem}" for s in sightings)
            raise Unreachable(f"no host could be reached: {problems}", hint="rollback check")
        found = session.known().standings
        live = common_live(sightings)
        seen = Status(
            session.playbook.app,
            session.environment.name,
            sightings,
            live,
            choose_fallback(sightings, found, besides=live),
            candidates(sightings, found, besides=live),
            unfinished(session.records()),
        )
        return Reply(seen, tables.status(seen, found), 0, tables.status_sentence(seen), tables.status_hint(seen))


def releases(options: Options) -> Reply:
    with Session(options) as session:
        sightings = session.fleet.sight()
        session.learn(sightings)
        known = session.known()
        rows = tables.release_rows(sightings, kept(sightings, known.standings, session.playbook.keep), known.standings)
        return Reply(rows, tables.releases(rows), 0, f"{len(rows)} releases on the hosts", "")


def history(options: Options, limit: int) -> Reply:
    with Session(options) as session:
        _learn_if_reachable(session)
        rows = past(session.records())[:limit]
        return Reply(rows, tables.history(rows), 0, f"{len(rows)} operations, newest first", "rollback show OPERATION")


def show(options: Options, operation: str) -> Reply:
    with Session(options) as session:
        one = _find(session, operation)
        mine = tuple(r for r in session.records() if r.operation == one.operation)
        data = {"operation": one, "times": times(mine), "records": mine}
        return Reply(data, tables.operation(one, mine, times(mine)), 0, tables.past_sentence(one), "")


def _find(session: Session, operation: str) -> Past:
    rows = past(session.records())
    if not rows or (operation != "last" and not any(_is(row, operation) for row in rows)):
        _learn_if_reachable(session)
        rows = past(session.records())
    found = rows[:1] if operation == "last" else [row for row in rows if _is(row, operation)]
    if len(found) != 1:
        what = "no operation" if not found else "more than one operation"
        raise Refused(f"{what} in {session.environment.name} begins with {operation!r}", hint="rollback history")
    return found[0]


def _is(row: Past, start: str) -> bool:
    return row.operation.startswith(start.upper())


def _learn_if_reachable(session: Session) -> None:
    """The hosts' journals may know more than this machine's ledger; when no host answers, the ledger has to do."""
    session.learn(tuple(s for s in session.fleet.sight() if s.reachable))
