"""The table of records in a database: the only file importing SQLAlchemy. Adds and reads; never changes or deletes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from sqlite3 import OperationalError, connect

from sqlalchemy import Column, Connection, MetaData, Row, String, Table, Text, create_engine, event, inspect, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable, Index

from rollback.ledger.codec import Entry
from rollback.ledger.part import WHOLE, Part
from rollback.private import private_folder
from rollback.text import clean_line

RECORDS = Table(
    "records",
    MetaData(),
    Column("id", String(26), primary_key=True),
    Column("at", String(32), nullable=False),  # ISO 8601, UTC: SQLite keeps no zone
    Column("app", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
)
PLACE = Index("records_by_place", RECORDS.c.app, RECORDS.c.environment, RECORDS.c.id)
_CHUNK = 500  # ids in one question: SQLite's oldest limit on parameters is 999


class Unavailable(Exception):
    """The database can't be used now; `str()` says why, in a few cleaned words."""


class Database:
    """A SQLite file. patience: seconds to wait for another process's lock."""

    def __init__(self, path: Path, patience: float) -> None:
        self.path = path
        self._patience = patience
        self._made = False
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=NullPool)
        event.listen(self._engine, "connect", _prepare)

    def add(self, entries: Iterable[Entry]) -> int:
        """Adds those that are not there yet, all or none; how many were added. Raises Unavailable."""
        rows = {one.id: _values(one) for one in entries}
        with self._writing() as connection:
            known = _known(connection, tuple(rows))
            fresh = [row for id_, row in rows.items() if id_ not in known]
            if fresh:
                connection.execute(insert(RECORDS).on_conflict_do_nothing(index_elements=["id"]), fresh)
        return len(fresh)

    def read(self, app: str, environment: str, part: Part = WHOLE) -> tuple[Entry, ...]:
        """What is wanted of one app's environment; nothing when there is no database yet. Raises Unavailable."""
        wanted = (RECORDS.c.app == app) & (RECORDS.c.environment == environment)
        questions = part.questions(select(RECORDS).where(wanted), RECORDS)
        with _named():
            if not self.path.exists():
                return ()
            with self._engine.connect() as connection:
                if not inspect(connection).has_table(RECORDS.name):  # made a moment ago, and not yet more than that
                    return ()
                return tuple(_entry(row) for question in questions for row in connection.execute(question))

    def _connect(self) -> SqliteConnection:
        """In a folder where nothing can be written a WAL database can only be read as a file that nobody changes."""
        if os.access(self.path.parent, os.W_OK) or self.path.with_name(f"{self.path.name}-wal").exists():
            return connect(self.path, timeout=self._patience)
        return connect(f"{self.path.as_uri()}?immutable=1", uri=True)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _named():
            if not self._made:
                self._make()
            with self._engine.begin() as connection:
                yield connection

    def _make(self) -> None:
        """Ours alone from the first byte: made before SQLite would make it with the umask's mode."""
        private_folder(self.path.parent)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with self._engine.begin() as connection:
            connection.execute(CreateTable(RECORDS, if_not_exists=True))
            connection.execute(CreateIndex(PLACE, if_not_exists=True))
        self._made = True


def _prepare(connection: SqliteConnection, _: object) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA synchronous=FULL")  # an intent must be on the disk before its effect
        with suppress(OperationalError):  # read-only, or busy with the same: the database works in any mode
            cursor.execute("PRAGMA journal_mode=WAL")


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, SqliteError) as error:
        raise Unavailable(clean_line(str(getattr(error, "orig", None) or error))) from error
    except OSError as error:
        raise Unavailable(clean_line(error.strerror or str(error))) from error


def _known(connection: Connection, ids: tuple[str, ...]) -> frozenset[str]:
    chunks = (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
    found = (connection.scalars(select(RECORDS.c.id).where(RECORDS.c.id.in_(chunk))) for chunk in chunks)
    return frozenset(one for scalars in found for one in scalars)


def _values(one: Entry) -> dict[str, str]:
    return {column.name: getattr(one, column.name) for column in RECORDS.columns}


def _entry(row: Row[tuple[str, ...]]) -> Entry:
    return Entry(**row._mapping)
