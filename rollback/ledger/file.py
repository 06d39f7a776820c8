"""A SQLite file on this machine, through Python's own sqlite3: SQLAlchemy would cost every rollback a third of its
start. It is made by whoever uses it first, from `sqlite.sql`, which says what `schema.py` does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection, DatabaseError, Error, OperationalError, connect
from typing import Any

from rollback.ledger.ports import NEWEST, Question, Talk, Unavailable
from rollback.private import private_folder
from rollback.text import clean_line

_TABLES = Path(__file__).with_name("sqlite.sql")


class File:
    """One connection is kept for the next talk; several at once have one each. patience: seconds to wait for another
    process's lock."""

    def __init__(self, path: Path, patience: float) -> None:
        self.path, self._patience = path, patience
        self.shown = clean_line(str(path), 4096)
        self._idle: list[Connection] = []

    @contextmanager
    def talk(self, _: float) -> Iterator[Talk]:
        """SQLite's own timeout bounds it."""
        with _named(), self._connected() as connection:
            yield _Talk(connection)

    def version(self) -> int:
        """One question in all ordinary cases."""
        with _named():
            return self._version() if self.path.exists() else 0

    def make(self) -> None:
        """The tables, unless somebody else makes them meanwhile. Ours alone from the first byte: SQLite would make the
        file with the umask's mode."""
        with _named():
            self._make_file()
            self._make_tables()

    def _version(self) -> int:
        with self._connected() as connection:
            return _version(connection)

    def _make_tables(self) -> None:
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            if not _version(connection):
                for statement in _TABLES.read_text("ascii").split(";\n"):
                    connection.execute(statement)
                connection.execute("INSERT INTO alembic_version VALUES (?)", (str(NEWEST),))

    def upgrade(self) -> int:
        from rollback.ledger.upgrade import upgraded_file  # brings SQLAlchemy in

        with _named():
            self._make_file()
            return upgraded_file(lambda: _opened(self.path, self._patience))

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _make_file(self) -> None:
        private_folder(self.path.parent)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        connection = self._taken()
        try:
            yield connection
            connection.commit()
        except BaseException:
            connection.close()
            raise
        self._put_back(connection)

    def _taken(self) -> Connection:
        with suppress(IndexError):
            return self._idle.pop()
        return _opened(self.path, self._patience)

    def _put_back(self, connection: Connection) -> None:
        """What is read as a file that nobody changes is read anew each time."""
        if self._idle or not _is_writable(self.path):
            connection.close()
        else:
            self._idle.append(connection)


class _Talk:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, question: Question) -> Iterable[Sequence[Any]]:
        return self._connection.execute(question.sql, question.values)

    def tell(self, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
        self._connection.executemany(sql, rows)


def _opened(path: Path, patience: float) -> Connection:
    """In a folder where nothing can be written a WAL database can only be read as a file that nobody changes."""
    if not _is_writable(path):
        return connect(f"{path.as_uri()}?immutable=1", uri=True, check_same_thread=False)
    connection = connect(path, timeout=patience, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous=FULL").close()  # an intent must be on the disk before its effect
        with suppress(OperationalError):  # read-only, or busy with the same: the database works in any mode
            connection.execute("PRAGMA journal_mode=WAL").close()
    except BaseException:
        connection.close()
        raise
    return connection


def _is_writable(path: Path) -> bool:
    return os.access(path.parent, os.W_OK) or path.with_name(f"{path.name}-wal").exists()


def _version(connection: Connection) -> int:
    try:
        (row,) = connection.execute("SELECT version_num FROM alembic_version")
        return int(row[0])
    except (DatabaseError, ValueError):  # the first ledgers did not say so
        return len(list(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'records'")))


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise Unavailable(clean_line(str(error))) from error
    except OSError as error:
        raise Unavailable(clean_line(error.strerror or str(error))) from error
