"""From an older version of the tables to the newest, in one transaction: the only file importing Alembic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, create_engine, insert, inspect, select
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.pool import NullPool

from rollback.ledger.ports import NEWEST
from rollback.ledger.schema import RECORDS, VERSION


def upgraded(connection: Connection) -> int:
    """What it was at before; a newer one is left alone. Nobody else is in the connection's transaction."""
    before = version(connection)
    if before < NEWEST:
        _upgrade(connection, before)
    return before


def upgraded_file(opened: Callable[[], SqliteConnection]) -> int:
    """The same of a SQLite file. Raises sqlite3's errors."""
    try:
        with create_engine("sqlite://", creator=opened, poolclass=NullPool).connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            before = upgraded(connection)
            connection.commit()
    except DBAPIError as error:
        raise error.orig or error from error
    return before


def version(connection: Connection) -> int:
    """0: there is nothing yet. One question in all ordinary cases."""
    try:
        with connection.begin_nested():
            return int(connection.scalars(select(VERSION.c.version_num)).one())
    except (DatabaseError, ValueError):
        return int(inspect(connection).has_table(RECORDS.name))  # the first ledgers did not say so


def _upgrade(connection: Connection, before: int) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    folder = Path(__file__).parent
    script = ScriptDirectory(str(folder), version_locations=[str(folder / "versions")])
    if before == 1:  # the first ledgers did not say so
        VERSION.create(connection, checkfirst=True)
        if connection.execute(VERSION.select()).first() is None:
            connection.execute(insert(VERSION).values(version_num="1"))
    steps = EnvironmentContext(Config(), script, fn=lambda at, _: script._upgrade_revs("head", at))
    with steps:
        steps.configure(connection=connection)
        steps.run_migrations()
