"""The commands that only look: status, releases, history, show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches

from rollback.cli.moments import typed, zone
from rollback.cli.options import Options
from rollback.cli.process import is_dead
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.sizes import sizes
from rollback.core.barrier import between_live_and, recorded
from rollback.core.fallback import candidates, choose_fallback
from rollback.core.history import kept
from rollback.core.incident import incidents
from rollback.core.near import around
from rollback.core.past import UNFINISHED, Past, Wanted, past
from rollback.core.plan import Known
from rollback.core.recall import recalled
from rollback.core.resume import confirm, resume
from rollback.core.rollout import Rollout
from rollback.core.status import Status, common_live, live_on, problems
from rollback.core.times import times
from rollback.core.vigil import alarm
from rollback.errors import Refused, Unreachable, UsageError
from rollback.model import Migration, Outcome, Release, Sighting
from rollback.report import status as statuses
from rollback.report import tables, timeline, words
from rollback.text import clean_line


def status(options: Options) -> Reply:
    with Session(options) as session:
        sightings = tuple(map(over, seen(session)))
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
            alarm(session.near().every),
            _barred(session, sightings, fallback.release) if fallback else (),
        )
        return Reply(shown, statuses.status(shown, judged), 0, statuses.sentence(shown), statuses.hint(shown, judged))


def _barred(session: Session, sightings: Sequence[Sighting], fallback: Release) -> tuple[Migration, ...]:
    if session.playbook.migrations is None:
        return ()
    return between_live_and(fallback, live_on(sightings).values(), recorded(session.ledger.shelf.of_kind("between")))


def over(sighting: Sighting) -> Sighting:
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
        keeping = kept(sightings, known.standings, session.playbook.keep)
        rows = tables.release_rows(sightings, keeping, known.standings, sizes(session, sightings))
        hint = "rollback deploy TAG, or rollback --to TAG" if rows else "rollback deploy TAG"
        away = statuses.away(sightings)
        return Reply(
            rows,
            (*tables.releases(rows, datetime.now(UTC)), *away),
            0,
            f"{words.count(len(rows), 'release')} on the hosts",
            hint,
        )


def seen(session: Session) -> tuple[Sighting, ...]:
    """The hosts as they are. Raises: Unreachable when none of them answers."""
    sightings = session.sight()
    if not any(s.reachable for s in sightings):
        raise Unreachable(f"no host answered: {problems(sightings)}", hint="rollback check")
    return sightings


def history(options: Options, limit: int, wanted: Wanted, since: str | None) -> Reply:
    """Of one environment, or, when none is named, of all that the playbook has."""
    with Session(options) as session:
        names = (options.env,) if options.env else tuple(session.playbook.environments)
        which = replace(wanted, since=_since(since, session), outcome=_outcome(wanted.outcome))
    rows: list[Past] = []
    for name in names:
        with Session(replace(options, env=name)) as session:
            session.sight()
            rows += _newest(session, limit, which)
    rows = sorted(rows, key=lambda row: row.operation, reverse=True)[:limit]
    said = f"{words.count(len(rows), 'operation')}, newest first"
    shown = tables.history(rows) if rows or which == Wanted() else ("no operation is like that",)
    hint = "rollback show OPERATION" if rows else "rollback deploy TAG" if which == Wanted() else "rollback history"
    return Reply(rows, shown, 0, said, hint)


def _since(text: str | None, session: Session) -> datetime | None:
    if text is None:
        return None
    return typed("--since", text, datetime.now(UTC), zone(session.playbook.timezone), "rollback history --since 7d")


def _outcome(text: str | None) -> str | None:
    """By its words or its short name. Raises UsageError, which names those that there are."""
    if text is None:
        return None
    known = {UNFINISHED: UNFINISHED} | {one.name.lower().replace("_", "-"): str(one) for one in Outcome}
    meant = clean_line(text, 40).lower().replace("_", "-")
    found = known.get(meant.replace(" ", "-")) or (meant if meant in known.values() else None)
    if found is None:
        near = get_close_matches(meant, known, n=1, cutoff=0.3) or ["rolled-back"]
        said = f"--outcome {clean_line(text, 40)!r} is none of {', '.join(known)}"
        raise UsageError(said, hint=f"rollback history --outcome {near[0]}")
    return found


def _newest(session: Session, limit: int, which: Wanted) -> tuple[Past, ...]:
    """Not every operation makes a row that is wanted, so more may have to be read."""
    shelf, count, seen = session.ledger.shelf, limit, -1
    while True:
        operations = shelf.newest(count)
        rows = tuple(row for row in past(shelf.read(operations)) if row in which)[:limit]
        if len(rows) == limit or len(operations) == seen:
            return rows
        count, seen = 2 * count, len(operations)


def show(options: Options, operation: str) -> Reply:
    with Session(options) as session:
        one = found(session, operation)
        mine = session.ledger.shelf.read(frozenset((one.operation,)))
        near = around(session.ledger.shelf, mine)
        why, took = recalled(one.operation, near), times(mine)
        data = {"operation": one, "times": took, "records": mine, "explanation": why}
        shown = timeline.operation(one, mine, took, why)
        part = any(one.operation in incident.operations for incident in incidents(near))
        hint = f"rollback postmortem {words.start_of(one.operation)}" if part else "rollback status"
        return Reply(data, shown, 0, timeline.past_sentence(one), hint)


def found(session: Session, operation: str) -> Past:
    """By the start of its id, or `last`; hosts are asked only when the ledger does not know it. Raises: Refused."""
    rows = _alike(session, operation)
    if not rows:
        session.sight()
        rows = _alike(session, operation)
    if len(rows) != 1:
        raise Refused(_unclear(operation, len(rows), session.environment.name), hint="rollback history")
    return rows[0]


def _alike(session: Session, operation: str) -> tuple[Past, ...]:
    """None, one, or some."""
    if operation == "last":
        return _newest(session, 1, Wanted())
    shelf = session.ledger.shelf
    return past(shelf.read(shelf.beginning(operation.upper())))


def _unclear(operation: str, count: int, environment: str) -> str:
    if operation == "last":
        return f"there are no operations in {environment} yet"
    what = "more than one operation" if count else "no operation"
    return f"{what} in {environment} begins with {clean_line(operation, 40)!r}"
