"""A team's PostgreSQL, really: many writers, a server that is killed under them, and one that stands still."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollback.ledger.chain import proven
from rollback.ledger.database import Database
from rollback.ledger.ids import ulid
from rollback.ledger.place import address
from rollback.ledger.store import Ledger
from rollback.model import Record
from tests.ledger.test_ledger import FACTS, World
from tests.ledger.test_versions import team
from tests.postgres import Postgres, postgres

WRITERS, EACH = 50, 4
_fork = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres(durable=True) as running:
        Database(address(running.url), 3, running.secret).upgrade()
        yield running


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def write(top: Path, server: Postgres, environment: str, number: int) -> None:
    """One machine's operation: a home of its own, records one after another."""
    world = World(top / str(number))
    world.top.mkdir()
    ledger, operation = team(world, server, environment), ulid()
    for fact in FACTS[:EACH]:
        ledger.append(operation, f"writer {number}", fact)
    ledger.close()
    os._exit(0)


def written(world: World, server: Postgres, environment: str) -> list[multiprocessing.process.BaseProcess]:
    given = [(world.top, server, environment, number) for number in range(WRITERS)]
    started = [_fork.Process(target=write, args=one) for one in given]
    for process in started:
        process.start()
    return list(started)


def told(records: tuple[Record, ...]) -> list[tuple[str, str]]:
    return sorted((record.author, type(record.fact).__name__) for record in records)


EVERYTHING = sorted((f"writer {n}", type(fact).__name__) for n in range(WRITERS) for fact in FACTS[:EACH])


def everything(world: World, server: Postgres, environment: str) -> tuple[Record, ...]:
    """What every writer's machine still has waiting goes in when it runs its next command."""
    for number in range(WRITERS):
        home = World(world.top / str(number))
        team(home, server, environment).close()
        assert not home.waiting.exists() or list(home.waiting.iterdir()) == []
    return team(world, server, environment).records()


def test_fifty_write_at_once(world: World, server: Postgres) -> None:
    for process in written(world, server, "many"):
        process.join()
        assert process.exitcode == 0
    assert told(everything(world, server, "many")) == EVERYTHING, "a busy server's records may have waited"
    assert proven(team(world, server, "many").shelf.entries()).holds


def test_a_server_that_is_killed_under_fifty_writers_loses_and_doubles_nothing(world: World, server: Postgres) -> None:
    processes = written(world, server, "killed")
    until = time.monotonic() + 60
    while server.run("SELECT count(*) > 20 FROM records WHERE environment = 'killed'") != "t":
        assert time.monotonic() < until
    server.kill()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    waiting = list(world.top.glob("*/waiting/*.jsonl"))
    server.start()
    assert waiting, "it was killed too late to show anything"
    assert told(everything(world, server, "killed")) == EVERYTHING
    assert proven(team(world, server, "killed").shelf.entries()).holds


def test_a_command_goes_on_without_the_server_and_with_it_again(world: World, server: Postgres) -> None:
    ledger, operation = team(world, server, "failover"), ulid()
    before = ledger.append(operation, "ada", *FACTS[:2])
    server.kill()
    during = ledger.append(operation, "ada", *FACTS[2:4])
    assert ledger.journal(operation).count(b"\n") == 4, "hosts are told all that this command did"
    assert [one.partition(" (")[0] for one in world.told] == [
        f"the ledger postgresql://{server.folder}/team can't be written",
        f"the ledger postgresql://{server.folder}/team can't be read",
    ]
    server.start()
    ledger.flush()
    assert (ledger.append(operation, "ada", FACTS[4]), list(world.waiting.iterdir())) == (ledger.records()[-1:], [])
    assert ledger.records()[:-1] == (*before, *during)


def test_a_server_that_stands_still_is_waited_for_once(world: World, server: Postgres) -> None:
    ledger = Ledger.open(
        server.url,
        app="shop",
        environment="still",
        waiting=world.waiting,
        redact=str,
        tell=world.tell,
        patience=1,
        secret=server.secret,
    )
    ledger.append(ulid(), "ada", FACTS[0])
    server.kill(signal.SIGSTOP)
    try:
        appended = ledger.append(ulid(), "ada", *FACTS)
        assert len(list(world.waiting.iterdir())) == 1
    finally:
        server.kill(signal.SIGCONT)
    ledger.close()
    assert team(world, server, "still").records()[1:] == appended
