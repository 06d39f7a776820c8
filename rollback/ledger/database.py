"""The records in a database: added and read, never changed or deleted. SQLite on this machine, or a team's PostgreSQL.

A SQLite file is made, and brought to the newest version, by whoever uses it first; a team's database by
`rollback ledger upgrade` only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Any

from sqlalchemy import URL, Connection, Engine, Select, bindparam, false, inspect, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from rollback.errors import UsageError
from rollback.ledger import engine
from rollback.ledger.codec import Entry, found_by
from rollback.ledger.schema import METADATA, NEWEST, RECORDS, VERSION
from rollback.private import private_folder
from rollback.text import clean_line

CHUNK = 500  # names in one question: SQLite's oldest limit on parameters is 999
REST = 30.0  # seconds until what failed is tried again
LONG = 600.0  # seconds for an answer that is large
_UPGRADING = 0x726F6C6C  # PostgreSQL's number for a lock that everybody upgrading takes; any would do
_INSERT: dict[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_COLUMNS = [RECORDS.c[name] for name in Entry.__dataclass_fields__]
ENTRIES = select(*_COLUMNS)
_WHOLE_NOW = (
    update(RECORDS)
    .where(RECORDS.c.id == bindparam("its"), RECORDS.c.cut, RECORDS.c.digest == bindparam("mark"))
    .values(body=bindparam("whole"), cut=false())
)


class Unavailable(Exception):
    """The database can't be used now; `str()` says why, in a few cleaned words."""


class Database:
    """place: a file, or a server. patience: seconds to wait for it. secret: fills in every ${NAME}."""

    def __init__(self, place: Path | URL, patience: float, secret: Callable[[str], str] = str) -> None:
        self.place, self.shown = place, engine.shown(place)
        self._patience, self._secret = patience, secret
        self._failed: dict[str, tuple[float, str]] = {}  # when, and why
        self._version: int | None = None  # as it was found; 0: there is nothing yet

    def add(self, entries: Iterable[Entry]) -> int:
        """Adds those that are not there yet, all or none; how many were added. Raises Unavailable.

        What was there shortened and is whole now takes its place.
        """
        rows = {one.id: {**_values(one), **found_by(one)} for one in entries}
        with self._trying("write"):
            self._make_ready()
            with self._bounded(self._patience) as connection:
                known = _known(connection, tuple(rows))
                fresh = [row for id_, row in rows.items() if id_ not in known]
                if fresh:
                    insert = _INSERT[connection.dialect.name](RECORDS)
                    connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]), fresh)
                if whole := [row for id_, row in rows.items() if known.get(id_) and not row["cut"]]:
                    told = [{"its": row["id"], "mark": row["digest"], "whole": row["body"]} for row in whole]
                    connection.execute(_WHOLE_NOW, told)
                connection.commit()
        return len(fresh)

    def read(self, question: Select[Any]) -> tuple[Entry, ...]:
        """Whole rows; none when there is no database yet. Raises Unavailable."""
        with self._trying("read"):
            if not self._is_there():
                return ()
            with self._bounded(LONG) as connection:
                return tuple(Entry(*row) for row in connection.execute(question))

    def ask(self, question: Select[Any]) -> tuple[str, ...]:
        """One column of each row. Raises Unavailable."""
        with self._trying("read"):
            if not self._is_there():
                return ()
            with self._bounded(self._patience) as connection:
                return tuple(connection.scalars(question))

    def version(self) -> int:
        """0: there is nothing yet. Raises Unavailable."""
        with _named():
            return self._found()

    def upgrade(self) -> int:
        """To the newest version; which one it was at before. Raises Unavailable, also when it is newer."""
        with _named():
            return self._upgraded()

    def retry(self) -> None:
        """The next call tries again, however short ago the last one failed."""
        self._failed.clear()

    def close(self) -> None:
        if "_engine" in self.__dict__:
            self._engine.dispose()

    @cached_property
    def _engine(self) -> Engine:
        if isinstance(self.place, Path):
            return engine.sqlite(self.place, self._patience)
        try:
            return engine.postgres(engine.filled(self.place, self._secret), self._patience)
        except ImportError:
            raise Unavailable("psycopg is not installed (in rollback's checkout: pip install '.[postgres]')") from None
        except UsageError as error:  # a secret that is not set stops no rollback
            raise Unavailable(str(error)) from error

    @contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        """Nobody waits again and again for what has just failed."""
        when, reason = self._failed.get(what, (-REST, ""))
        if time.monotonic() - when < REST:
            raise Unavailable(reason)
        try:
            with _named():
                yield
        except Unavailable as reason_now:
            self._failed[what] = time.monotonic(), str(reason_now)
            raise

    @contextmanager
    def _bounded(self, seconds: float) -> Iterator[Connection]:
        with self._engine.connect() as connection, engine.bounded(connection, seconds):
            yield connection

    def _is_there(self) -> bool:
        """To be read: brought to the newest version first, where that is ours to do."""
        if not self._version:
            self._version = self._found()
            if 0 < self._version < NEWEST and isinstance(self.place, Path):
                self._upgraded()
        if self._version or isinstance(self.place, Path):
            _require_newest(self._version, none_is_well=True)
        else:
            raise Unavailable("it has no tables yet: rollback ledger upgrade makes them")
        return self._version == NEWEST

    def _make_ready(self) -> None:
        if not self._is_there():
            self._make()

    def _make(self) -> None:
        """Ours alone from the first byte: made before SQLite would make it with the umask's mode."""
        self._make_file()
        with self._bounded(self._patience) as connection:
            _begin_alone(connection)
            if not _version(connection):
                METADATA.create_all(connection)
                connection.execute(VERSION.insert().values(version_num=str(NEWEST)))
            connection.commit()
        self._version = None
        self._is_there()

    def _make_file(self) -> None:
        if isinstance(self.place, Path):
            private_folder(self.place.parent)
            os.close(os.open(self.place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def _found(self) -> int:
        if isinstance(self.place, Path) and not self.place.exists():
            return 0
        with self._bounded(self._patience) as connection:
            return _version(connection)

    def _upgraded(self) -> int:
        from rollback.ledger.upgrade import upgrade

        self._make_file()
        with self._bounded(LONG) as connection:
            _begin_alone(connection)
            before = _version(connection)
            if before < NEWEST:
                upgrade(connection, before)
            connection.commit()
        _require_newest(max(before, NEWEST))
        self._version = NEWEST
        return before


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, SqliteError) as error:
        raise Unavailable(clean_line(str(getattr(error, "orig", None) or error))) from error
    except OSError as error:
        raise Unavailable(clean_line(error.strerror or str(error))) from error


def _version(connection: Connection) -> int:
    """One question in all ordinary cases."""
    try:
        with connection.begin_nested():
            return int(connection.scalars(select(VERSION.c.version_num)).one())
    except (DatabaseError, ValueError):
        return int(inspect(connection).has_table(RECORDS.name))  # the first ledgers did not say so


def _require_newest(version: int, *, none_is_well: bool = False) -> None:
    if version > NEWEST:
        raise Unavailable(f"it is of version {version}, and this rollback knows {NEWEST}: update rollback")
    if version < NEWEST and not (none_is_well and version == 0):
        raise Unavailable(f"it is of version {version}, older than this rollback's {NEWEST}: rollback ledger upgrade")


def _begin_alone(connection: Connection) -> None:
    """Nobody else makes or upgrades it meanwhile."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADING})


def _known(connection: Connection, ids: tuple[str, ...]) -> dict[str, bool]:
    """Those of them that are there, and whether they are shortened."""
    chunks = (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
    asked = (select(RECORDS.c.id, RECORDS.c.cut).where(RECORDS.c.id.in_(chunk)) for chunk in chunks)
    return {id_: cut for question in asked for id_, cut in connection.execute(question)}


def _values(one: Entry) -> dict[str, Any]:
    return {column.name: getattr(one, column.name) for column in _COLUMNS}
