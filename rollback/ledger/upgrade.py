"""From an older version of the tables to the newest, in one transaction: the only file importing Alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert

from rollback.ledger.schema import VERSION


def upgrade(connection: Connection, version: int) -> None:
    """version: what it is at now; 0: there is nothing yet. Nobody else is in the connection's transaction."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    folder = Path(__file__).parent
    script = ScriptDirectory(str(folder), version_locations=[str(folder / "versions")])
    if version == 1:  # the first ledgers did not say so
        VERSION.create(connection, checkfirst=True)
        if connection.execute(VERSION.select()).first() is None:
            connection.execute(insert(VERSION).values(version_num="1"))
    steps = EnvironmentContext(Config(), script, fn=lambda at, _: script._upgrade_revs("head", at))
    with steps:
        steps.configure(connection=connection)
        steps.run_migrations()
