"""The versions of the tables: made, upgraded without a loss, and refused in words when they are another's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

import rollback.ledger
from rollback.ledger.database import Database
from rollback.ledger.ids import ulid
from rollback.ledger.place import address
from rollback.ledger.ports import NEWEST, Unavailable
from rollback.ledger.schema import METADATA
from rollback.ledger.server import filled
from rollback.ledger.store import Ledger
from rollback.model import Withdrawn
from rollback.playbook.secrets import Secrets
from tests.ledger.test_ledger import FACTS, RAW, RELEASE, World
from tests.postgres import Postgres, cleared, postgres

_FIRST = """
CREATE TABLE records (id VARCHAR(26) NOT NULL, at VARCHAR(32) NOT NULL, app TEXT NOT NULL, environment TEXT NOT NULL,
  operation TEXT NOT NULL, author TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX records_by_place ON records (app, environment, id);
"""
SQL = Path(rollback.ledger.__file__).with_name("sqlite.sql")
_OLD = "id, at, app, environment, operation, author, kind, body"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def first(world: World) -> tuple[str, ...]:
    """A database as the first ledgers made it, with records in it; their ids."""
    appended = world.ledger(file=world.top / "new.db").append(ulid(), "ada", *FACTS)
    world.file.parent.mkdir()
    with closing(sqlite3.connect(world.file)) as old:
        old.executescript(_FIRST)
        old.execute(f"ATTACH '{world.top}/new.db' AS new")
        old.execute(f"INSERT INTO records SELECT {_OLD} FROM new.records")
        old.commit()
    return tuple(record.id for record in appended)


def test_a_file_of_the_first_version_is_upgraded_by_its_first_use_and_loses_nothing(world: World) -> None:
    ids = first(world)
    ledger = world.ledger()
    assert [record.fact for record in ledger.records()] == list(FACTS)
    ledger.append(ulid(), "ada", Withdrawn(RELEASE))
    assert (tuple(record.id for record in world.ledger().records())[:-1], world.told) == (ids, [])
    with closing(sqlite3.connect(world.file)) as connection:
        found = connection.execute("SELECT kind, about, tag FROM records ORDER BY id").fetchall()
        made = connection.execute(f"SELECT {_OLD} FROM records ORDER BY id").fetchall()
        connection.execute(f"ATTACH '{world.top}/new.db' AS new")
        fresh = connection.execute("SELECT kind, about, tag FROM new.records ORDER BY id").fetchall()
        assert made[:-1] == connection.execute(f"SELECT {_OLD} FROM new.records ORDER BY id").fetchall()
    assert found[:-1] == fresh
    assert ("marked", RAW.commit[:12], "") in found
    assert ("started", RELEASE.commit[:12], "v1.0.0") in found


def test_a_newer_file_is_left_alone_and_said(world: World) -> None:
    world.ledger().append(ulid(), "ada", *FACTS)
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '3'")
        connection.commit()
    ledger = world.ledger()
    appended = ledger.append(ulid(), "ada", Withdrawn(RELEASE))
    why = "it is of version 3, and this rollback knows 2: update rollback"
    assert ledger.records() == appended
    assert world.told == [
        f"the ledger {world.file} can't be read ({why}): going by the hosts' journals",
        f"the ledger {world.file} can't be written ({why}): records wait in {world.waiting}",
    ]


def test_an_old_file_that_can_not_be_written_is_said(world: World) -> None:
    first(world)
    with closing(sqlite3.connect(world.file, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert world.ledger().records() == ()
    assert world.told == [f"the ledger {world.file} can't be read (database is locked): going by the hosts' journals"]
    assert len(world.ledger().records()) == len(FACTS)


def database(server: Postgres) -> Database:
    return Database(address(server.url), 3, server.secret)


def team(world: World, server: Postgres, environment: str = "production") -> Ledger:
    return Ledger.open(
        server.url,
        app="shop",
        environment=environment,
        waiting=world.waiting,
        redact=str,
        tell=world.tell,
        secret=server.secret,
    )


def test_a_teams_database_is_made_by_the_upgrade_only(world: World, server: Postgres) -> None:
    cleared(server)
    shown = f"postgresql://{server.folder}/team"
    ledger = team(world, server)
    appended = ledger.append(ulid(), "ada", *FACTS)
    why = "it has no tables yet: rollback ledger upgrade makes them"
    assert world.told == [
        f"the ledger {shown} can't be read ({why}): going by the hosts' journals",
        f"the ledger {shown} can't be written ({why}): records wait in {world.waiting}",
    ]
    assert (database(server).upgrade(), database(server).upgrade(), database(server).version()) == (0, NEWEST, NEWEST)
    ledger.close()
    assert (team(world, server).records(), list(world.waiting.iterdir())) == (appended, [])


def test_a_teams_database_of_an_older_version_waits_for_its_upgrade(world: World, server: Postgres) -> None:
    cleared(server).run(_FIRST)
    ledger = team(world, server)
    appended = ledger.append(ulid(), "ada", *FACTS)
    assert "(it is of version 1, older than this rollback's 2: rollback ledger upgrade)" in world.told[0]
    assert (database(server).upgrade(), team(world, server).records()) == (1, appended)


def test_a_teams_database_of_a_newer_version_is_not_touched(server: Postgres) -> None:
    database(cleared(server)).upgrade()
    server.run("UPDATE alembic_version SET version_num = '9'")
    with pytest.raises(Unavailable, match="of version 9, and this rollback knows 2: update rollback"):
        database(server).upgrade()
    assert server.run("SELECT version_num FROM alembic_version") == "9"


def test_upgrades_end_where_new_tables_begin(tmp_path: Path, server: Postgres) -> None:
    """A file is made from a text, a server's database by the upgrades: both are what the tables say."""
    made, upgraded = tmp_path / "made.db", tmp_path / "upgraded.db"
    Database(made, 3).add(())
    for one in (Database(upgraded, 3), database(cleared(server))):
        assert one.upgrade() == 0
    its = filled(make_url(server.url), server.secret)
    for url in (f"sqlite:///{made}", f"sqlite:///{upgraded}", its):
        with create_engine(url).connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_text_that_a_file_is_made_from_is_what_sqlalchemy_makes_of_the_tables() -> None:
    every: list[ExecutableDDLElement] = []
    for table in METADATA.sorted_tables:
        every += [CreateTable(table), *map(CreateIndex, sorted(table.indexes, key=lambda one: str(one.name)))]
    lines = ";\n".join(str(one.compile(dialect=sqlite_dialect())).strip() for one in every).splitlines()
    _comment, *said = SQL.read_text().removesuffix(";\n").splitlines()
    assert said == [line.replace("\t", "  ").rstrip() for line in lines]


def test_a_wrong_or_missing_password_is_said_without_it(server: Postgres) -> None:
    for secret, why in (
        (Secrets({}).resolve, "${LEDGER_PASSWORD}, which is not set"),
        (str, "password"),
    ):
        found = Database(address(server.url), 3, secret)
        with pytest.raises(Unavailable, match=why.replace("$", r"\$")) as caught:
            found.version()
        assert "wörd" not in str(caught.value)
