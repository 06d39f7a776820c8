"""The commands that only look: status, releases, history, show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rollback.cli.options import Options
from rollback.cli.process import is_dead
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.barrier import between_live_and, recorded
from rollback.core.fallback import candidates, choose_fallback
from rollback.core.history import kept
from rollback.core.past import Past, past
from rollback.core.plan import Known
from rollback.core.recall import recalled
from rollback.core.resume import confirm, resume
from rollback.core.rollout import Rollout
from rollback.core.status import Status, common_live, live_on
from rollback.core.times import times
from rollback.core.vigil import alarm
from rollback.errors import Refused, Unreachable
from rollback.model import Migration, Release, Sighting
from rollback.report import status as statuses
from rollback.report import tables, timeline, words
from rollback.text import clean_line


def status(options: Options) -> Reply:
    with Session(options) as session:
        sightings = tuple(map(_over, seen(session)))
        known, live = session.known(), common_live(sightings)
        judged = known.standings
        fallback = choose_fallback(sightings, judged, besides=live)
        shown = Status(
            session.playbook.app,
            session.environment.name,
            sightings,
            live,
            fallback,
            candidates(sightings, judged, besides=live),
            tuple(one.operation for one in known.left),
            tuple(sorted(known.rest.pending)),
            _to_resume(sightings, known, session.rollout),
            known.freeze,
            alarm(session.records()),
            _barred(session, sightings, fallback.release) if fallback else (),
        )
        return Reply(shown, statuses.status(shown, judged), 0, statuses.sentence(shown), statuses.hint(shown, judged))


def _barred(session: Session, sightings: Sequence[Sighting], fallback: Release) -> tuple[Migration, ...]:
    if session.playbook.migrations is None:
        return ()
    return between_live_and(fallback, live_on(sightings).values(), recorded(session.records()))


def _over(sighting: Sighting) -> Sighting:
    """A lease whose holder was a process of this machine that has ended holds nobody up."""
    lease = sighting.lease
    ended = lease is not None and is_dead(lease.process)
    return replace(sighting, lease=replace(lease, live=False)) if lease and ended else sighting


def _to_resume(sightings: Sequence[Sighting], known: Known, rollout: Rollout) -> bool:
    try:
        return (resume(sightings, known, rollout) or confirm(sightings, known, rollout)) is not None
    except Refused:  # there is nothing to go back to
        return bool(known.left)


def releases(options: Options) -> Reply:
    with Session(options) as session:
        sightings = seen(session)
        known = session.known()
        rows = tables.release_rows(sightings, kept(sightings, known.standings, session.playbook.keep), known.standings)
        hint = "rollback deploy TAG, or rollback --to TAG" if rows else "rollback deploy TAG"
        away = statuses.away(sightings)
        return Reply(
            rows, (*tables.releases(rows), *away), 0, f"{words.count(len(rows), 'release')} on the hosts", hint
        )


def seen(session: Session) -> tuple[Sighting, ...]:
    """The hosts as they are. Raises: Unreachable when none of them answers."""
    sightings = session.sight()
    if not any(s.reachable for s in sightings):
        problems = "; ".join(f"{s.host}: {s.problem}" for s in sightings)
        raise Unreachable(f"no host answered: {problems}", hint="rollback check")
    return sightings


def history(options: Options, limit: int) -> Reply:
    with Session(options) as session:
        session.sight()
        rows = past(session.records())[:limit]
        said = f"{words.count(len(rows), 'operation')}, newest first"
        hint = "rollback show OPERATION" if rows else "rollback deploy TAG"
        return Reply(rows, tables.history(rows), 0, said, hint)


def show(options: Options, operation: str) -> Reply:
    with Session(options) as session:
        one = found(session, operation)
        records = session.records()
        mine = tuple(r for r in records if r.operation == one.operation)
        why, took = recalled(one.operation, records), times(mine)
        data = {"operation": one, "times": took, "records": mine, "explanation": why}
        shown = timeline.operation(one, mine, took, why)
        return Reply(data, shown, 0, timeline.past_sentence(one), "rollback status")


def found(session: Session, operation: str) -> Past:
    """By the start of its id, or `last`; hosts are asked only when the ledger does not know it. Raises: Refused."""
    rows = past(session.records())
    if not rows or (operation != "last" and not any(_is(row, operation) for row in rows)):
        session.sight()
        rows = past(session.records())
    alike = rows[:1] if operation == "last" else [row for row in rows if _is(row, operation)]
    if len(alike) != 1:
        raise Refused(_unclear(operation, len(alike), session.environment.name), hint="rollback history")
    return alike[0]


def _unclear(operation: str, count: int, environment: str) -> str:
    if operation == "last":
        return f"there are no operations in {environment} yet"
    what = "more than one operation" if count else "no operation"
    return f"{what} in {environment} begins with {clean_line(operation, 40)!r}"


def _is(row: Past, start: str) -> bool:
    return row.operation.startswith(start.upper())
