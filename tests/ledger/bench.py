"""How long a large ledger takes to answer, on SQLite and PostgreSQL: `python -m tests.ledger.bench [RECORDS]`.

Ten environments of one app, whose deploys were at any hour of the last years; every seventh was bad, and rolled back;
the chain holds. Says milliseconds beyond start-up: of a command's own questions and what it makes of the answers, by a
ledger that was just opened, in a process that has its rooms loaded; the median of seven, the most, and our processor's
part. No host is asked.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from rollback.cli import look, postmortem
from rollback.cli.delivered import delivered
from rollback.cli.entries import Entries
from rollback.cli.options import Options
from rollback.cli.session import Session
from rollback.core.metrics import DEFAULT_WINDOW, metrics
from rollback.core.near import around
from rollback.core.past import Wanted
from rollback.core.recall import recalled
from rollback.ledger import chain, codec
from rollback.ledger.codec import Entry
from rollback.ledger.database import Database
from rollback.ledger.file import File
from rollback.ledger.ids import floor, ulid
from rollback.ledger.place import address
from rollback.model import Grade, Noted, Record, Sighting
from rollback.source.commits import Commits
from tests.build import release
from tests.dashboard.told import HOSTS, Teller
from tests.postgres import PASSWORD, postgres

_ENVIRONMENTS = tuple(f"zone{number}" for number in range(10))
_YEARS = timedelta(days=3 * 365)
_COLUMNS = (*Entry.__dataclass_fields__, "about", "tag")
Row = tuple[Entry, dict[str, str]]  # and what it is found by
_PLAYBOOK = """
app: shop
root: /srv/shop
restart: "true"
checks: [{name: up, command: "true", expect: {exit_status: 0}}]
environments:
"""


def main(records: int) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        folder = Path(name)
        hosts = "".join(f"  {one}: {{hosts: [{', '.join(HOSTS)}]}}\n" for one in _ENVIRONMENTS)
        (folder / "shop.yml").write_text(_PLAYBOOK + hosts)
        os.environ |= {"HOME": name, "LEDGER_PASSWORD": PASSWORD}
        rows = [_row(one) for one in _history(records // len(_ENVIRONMENTS))]
        server = opened.enter_context(postgres(durable=True))
        for kind, url in (("SQLite", f"sqlite:///{folder}/ledger.sqlite3"), ("PostgreSQL", server.url)):
            os.environ["ROLLBACK_LEDGER"] = url
            database = Database(address(url), 600.0, server.secret)
            database.upgrade()
            for environment in _ENVIRONMENTS:
                _fill(database, environment, rows)
            print(f"{kind}: {len(rows) * len(_ENVIRONMENTS)} records")
            _measure(Options(playbook=str(folder / "shop.yml"), env=_ENVIRONMENTS[3]))


def _fill(database: Database, environment: str, rows: Iterable[Row]) -> None:
    """What a ledger's own hand would have written, without asking first what is there."""
    store: Any = database._store
    columns, filled = ", ".join(f'"{name}"' for name in _COLUMNS), _of(environment, rows)
    if isinstance(store, File):
        with store._connected() as plain:
            plain.executemany(f"INSERT INTO records ({columns}) VALUES ({', '.join('?' * len(_COLUMNS))})", filled)
        return
    with store._connected(600.0) as connection:
        with connection.connection.cursor() as cursor, cursor.copy(f"COPY records ({columns}) FROM STDIN") as copy:
            for row in filled:
                copy.write_row(row)
        connection.connection.commit()  # which SQLAlchemy did not begin


def _of(environment: str, rows: Iterable[Row]) -> Iterator[tuple[object, ...]]:
    """The same in another environment, with ids and a chain of its own."""
    number, after = environment[-1], ""
    for stored, found in rows:
        id_, operation = (f"{one[:10]}{number}{one[11:]}" for one in (stored.id, stored.operation))
        linked = replace(stored, id=id_, operation=operation, environment=environment, after=after)
        after = chain.name(linked)
        yield (*astuple(linked), found["about"], found["tag"])


def _history(records: int) -> Iterator[Record]:
    """The last one as if it had just been written."""
    each = 12.0  # records an operation, about
    every, now = _YEARS / (records / each), datetime.now(UTC)
    teller, made = Teller(at=now - _YEARS), 0
    begun: dict[str, str] = {}
    for number in count():
        grade = Grade.BAD if number % 7 == 6 else Grade.GOOD
        teller.author = ("ada", "grace", "ci")[number % 3]
        for one in teller.deploy(release(f"v1.{number}.0", f"{number:012x}{0:028}"), grade):
            begun.setdefault(one.operation, _id(one.at, one.operation))
            yield replace(one, id=_id(one.at, one.id), operation=begun[one.operation])
            made += 1
            begun = {one.operation: begun[one.operation]}
        if made >= records:
            return
        teller.at += every


def _id(at: datetime, name: str) -> str:
    return floor(at)[:10] + name[10:]


def _row(record: Record) -> Row:
    stored = codec.entry(record)
    return replace(stored, digest=chain.digest(stored.body)), codec.found_by(stored)


def _measure(options: Options) -> None:
    with Session(options) as session:
        newest = sorted(session.ledger.shelf.newest(2000))
    old, late = newest[0], newest[-7]
    deeds: dict[str, Callable[[Session], object]] = {
        "status": _status,
        "history -l 20": lambda session: look._newest(session, 20, Wanted()),
        "metrics": _metrics,
        "show": lambda session: _show(session, late),
        "show, of long ago": lambda session: _show(session, old),
        "postmortem": _postmortem,
        "postmortem, of long ago": lambda session: _postmortem(session, old),
        "note": _note,
    }
    for name, deed in deeds.items():
        every, ours = zip(*(_took(options, deed) for _ in range(7)), strict=True)
        most, cpu = max(every), statistics.median(ours)
        print(f"  {name:24} {statistics.median(every):7.1f} ms, at most {most:.1f}; {cpu:.1f} of CPU", flush=True)


def _took(options: Options, deed: Callable[[Session], object]) -> tuple[float, float]:
    with Session(options) as session:
        session.playbook, session.environment, session.secrets  # noqa: B018 what start-up reads
        began, busy = time.perf_counter(), time.process_time()
        deed(session)
        return (time.perf_counter() - began) * 1000, (time.process_time() - busy) * 1000


def _status(session: Session) -> object:
    """All that the ledger is asked, of two hosts that show what it says."""
    ((last, *_),) = [look._newest(session, 1, Wanted())]
    there = (last.release,) if last.release else ()
    session.sightings = tuple(
        Sighting(host, live=last.release.id if last.release else None, releases=there) for host in HOSTS
    )
    return session.known(), session.ledger.shelf.of_kind("between"), session.near().every


def _metrics(session: Session) -> object:
    now = datetime.now(UTC)
    begin = now - timedelta(seconds=DEFAULT_WINDOW)
    found = delivered(session.ledger, begin, lambda _, wanted: Commits({}, frozenset(wanted), shallow=False))
    return metrics(found.made, found.ways, found.lead_times, begin, now, (session.environment.name,))


def _show(session: Session, operation: str) -> object:
    mine = session.ledger.shelf.read(frozenset((look.found(session, operation).operation,)))
    return recalled(operation, around(session.ledger.shelf, mine))


def _postmortem(session: Session, *operations: str) -> object:
    search = postmortem._search(session)
    incident = search.of(frozenset(operations)) if operations else search.last()
    assert incident is not None
    return postmortem._text(postmortem._case(session, incident), page=False, image=False)


def _note(session: Session) -> object:
    now, entries = datetime.now(UTC), Entries(session.ledger, ulid(), "ada")
    entries.record(Noted("customers were told", now))
    return postmortem._search(session).holding(entries.operation, now)


if __name__ == "__main__":
    logging.disable()
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
