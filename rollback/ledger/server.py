"""A team's PostgreSQL, through SQLAlchemy. One connection a command."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from rollback.errors import UsageError
from rollback.ledger.ports import Question, Talk, Unavailable
from rollback.ledger.upgrade import upgraded, version
from rollback.text import clean_line

_LONG = 600.0  # seconds for an upgrade
_UPGRADING = 0x726F6C6C  # PostgreSQL's number for a lock that everybody upgrading takes; any would do


class Server:
    """patience: seconds for the connection, for a lock, and for what was sent to be heard of. secret: fills in every
    ${NAME}, and raises UsageError where there is none."""

    def __init__(self, url: URL, patience: float, secret: Callable[[str], str]) -> None:
        self._url, self._patience, self._secret = url, patience, secret
        self.shown = shown(url)

    @contextmanager
    def talk(self, seconds: float) -> Iterator[Talk]:
        with self._connected(seconds) as connection:
            yield _Talk(connection)

    def version(self) -> int:
        with self._connected(self._patience) as connection:
            return version(connection)

    def upgrade(self) -> int:
        with self._connected(_LONG) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADING})
            return upgraded(connection)

    def close(self) -> None:
        if "_engine" in self.__dict__:
            self._engine.dispose()

    @cached_property
    def _engine(self) -> Engine:
        milliseconds = round(self._patience * 1000)
        waits = {"connect_timeout": max(2, round(self._patience)), "tcp_user_timeout": milliseconds}
        said = {"application_name": "rollback", "options": f"-c lock_timeout={milliseconds}"}
        try:
            full = filled(self._url, self._secret)
            return create_engine(full, pool_size=1, max_overflow=0, connect_args={**waits, **said})
        except ImportError:
            raise Unavailable("psycopg is not installed (in rollback's checkout: pip install '.[postgres]')") from None
        except UsageError as error:  # a secret that is not set stops no rollback
            raise Unavailable(str(error)) from error

    @contextmanager
    def _connected(self, seconds: float) -> Iterator[Connection]:
        """What was done is kept when it ends well."""
        try:
            with self._engine.connect() as connection, _bounded(connection, seconds):
                yield connection
                connection.commit()
        except SQLAlchemyError as error:
            raise Unavailable(clean_line(str(getattr(error, "orig", None) or error))) from error
        except OSError as error:
            raise Unavailable(clean_line(error.strerror or str(error))) from error


class _Talk:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, question: Question) -> Iterable[Sequence[Any]]:
        return self._connection.execute(text(question.sql), question.values)

    def tell(self, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
        if rows:
            self._connection.execute(text(sql), rows)


@contextmanager
def _bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """A server that stands still answers nothing, and libpq would wait for ever: then its socket is shut."""
    timer = threading.Timer(seconds, _shut, (connection.connection.driver_connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(raw: Any) -> None:
    with suppress(OSError, ValueError), socket.socket(fileno=os.dup(raw.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def address(url: str) -> URL:
    """With every ${NAME} still to be filled in. Raises UsageError; it shows no password."""
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


def shown(url: URL) -> str:
    """Fit for every eye: the server's name, port and database, and neither user, password nor options."""
    host = url.host or url.query.get("host") or "localhost"
    return clean_line(f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}", 300)
