"""How a database is connected to: SQLite's file on this machine, or a team's PostgreSQL. One connection a command."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError, connect
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from rollback.errors import UsageError
from rollback.ledger.place import file_of, is_postgres
from rollback.text import clean_line


def sqlite(path: Path, patience: float) -> Engine:
    """patience: seconds to wait for another process's lock."""
    lasting = _is_writable(path)
    pool: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1} if lasting else {"poolclass": NullPool}
    engine = create_engine("sqlite://", creator=lambda: _open(path, patience), **pool)
    event.listen(engine, "connect", _prepare)
    return engine


def _is_writable(path: Path) -> bool:
    return os.access(path.parent, os.W_OK) or path.with_name(f"{path.name}-wal").exists()


def _open(path: Path, patience: float) -> SqliteConnection:
    """In a folder where nothing can be written a WAL database can only be read as a file that nobody changes."""
    if _is_writable(path):
        return connect(path, timeout=patience, check_same_thread=False)
    return connect(f"{path.as_uri()}?immutable=1", uri=True, check_same_thread=False)


def _prepare(connection: SqliteConnection, _: object) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA synchronous=FULL")  # an intent must be on the disk before its effect
        with suppress(OperationalError):  # read-only, or busy with the same: the database works in any mode
            cursor.execute("PRAGMA journal_mode=WAL")


def postgres(url: URL, patience: float) -> Engine:
    """patience: seconds for the connection, for a lock, and for what was sent to be heard of. Raises ImportError."""
    milliseconds = round(patience * 1000)
    waits = {"connect_timeout": max(2, round(patience)), "tcp_user_timeout": milliseconds}
    said = {"application_name": "rollback", "options": f"-c lock_timeout={milliseconds}"}
    return create_engine(url, pool_size=1, max_overflow=0, connect_args={**waits, **said})


@contextmanager
def bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """A server that stands still answers nothing, and libpq would wait for ever: then its socket is shut."""
    raw: Any = connection.connection.driver_connection
    if not hasattr(raw, "fileno"):  # SQLite's own timeout does this
        yield
        return
    timer = threading.Timer(seconds, _shut, (raw,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(raw: Any) -> None:
    with suppress(OSError, ValueError), socket.socket(fileno=os.dup(raw.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def address(url: str) -> Path | URL:
    """A ledger's file, or its server, with every ${NAME} still to be filled in. Raises UsageError; it shows no
    password."""
    if not is_postgres(url):
        return file_of(url)
    try:
        return make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        hint = "postgresql+psycopg://USER:${PASSWORD}@HOST/NAME"
        raise UsageError("the ledger's URL can't be read", hint=hint) from None


def filled(url: URL, secret: Callable[[str], str]) -> URL:
    """Part by part: a password may hold what would end it in a URL. Raises what `secret` raises."""
    given = {name: getattr(url, name) for name in ("username", "password", "host", "database")}
    parts = {name: secret(str(text)) for name, text in given.items() if text}
    query = {key: secret(value) if isinstance(value, str) else value for key, value in url.query.items()}
    return url.set(**parts).set(query=query)  # type: ignore[arg-type]


def shown(place: Path | URL) -> str:
    """Fit for every eye: a server's name, port and database, and neither user, password nor options."""
    if isinstance(place, Path):
        return clean_line(str(place), 4096)
    host = place.host or place.query.get("host") or "localhost"
    return clean_line(f"postgresql://{host}{f':{place.port}' if place.port else ''}/{place.database or ''}", 300)
