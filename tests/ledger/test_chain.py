"""The chain of records: what is changed or taken away shows, and an honest union of ledgers does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.ledger import codec
from rollback.ledger.chain import Proof, name, proven
from rollback.ledger.codec import Entry
from rollback.ledger.ids import ulid
from rollback.ledger.store import Ledger
from rollback.model import Observed, Record, Reverted, Started, Withdrawn
from tests.ledger.test_ledger import FACTS, NOW, RELEASE, World, finding


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def proof(ledger: Ledger, remembered: tuple[Entry, ...] = ()) -> Proof:
    return proven(ledger.shelf.entries(), remembered)


def filled(world: World, operations: int = 3) -> Ledger:
    ledger = world.ledger()
    for _ in range(operations):
        ledger.append(ulid(), "ada", *FACTS)
    return ledger


def test_every_record_names_the_one_before_it(world: World) -> None:
    entries = filled(world).shelf.entries()
    assert [one.after for one in entries] == ["", *(name(one) for one in entries[:-1])]
    assert proof(world.ledger()) == Proof(21, 20, heads=(name(entries[-1]),))
    assert world.ledger().head() == name(entries[-1])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET body = replace(body, 'seen', 'SEEN') WHERE id = ?",
        "UPDATE records SET author = 'grace' WHERE id = ?",
        "UPDATE records SET at = '2026-01-01T00:00:00+00:00' WHERE id = ?",
        "UPDATE records SET cut = 1, digest = 'x' WHERE id = ?",
    ],
)
def test_a_record_that_was_changed_is_named(world: World, statement: str) -> None:
    one = filled(world).shelf.entries()[11]
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute(statement, (one.id,))
        connection.commit()
    assert (one.kind, proof(world.ledger()).changed) == ("marked", (one.id,))


def test_a_record_that_was_taken_away_is_named(world: World) -> None:
    one = filled(world).shelf.entries()[11]
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute("DELETE FROM records WHERE id = ?", (one.id,))
        connection.commit()
    assert (proof(world.ledger()).missing, proof(world.ledger()).holds) == ((one.id,), False)


def test_an_end_that_was_cut_off_shows_where_a_host_remembers_it(world: World) -> None:
    ledger = filled(world)
    entries = ledger.shelf.entries()
    theirs, _ = codec.from_lines(ledger.journal(entries[-1].operation))
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute("DELETE FROM records WHERE operation = ?", (entries[-1].operation,))
        connection.commit()
    assert proof(world.ledger()).holds
    assert proof(world.ledger(), theirs).missing == tuple(one.id for one in entries[14:])


def test_a_hosts_copy_that_was_changed_is_named(world: World) -> None:
    ledger = filled(world)
    last = ledger.shelf.entries()[-1]
    theirs, _ = codec.from_lines(ledger.journal(last.operation).replace(b"login failed", b"all is well!"))
    assert proof(ledger, theirs).changed == (last.id,)


def test_the_beginning_that_is_not_here_is_told_and_no_fault(world: World) -> None:
    ledger = filled(world)
    entries = ledger.shelf.entries()
    learner = world.ledger(file=world.top / "other.db")
    learner.merge(ledger.journal(entries[-1].operation))
    assert (proof(learner).since, proof(learner).holds) == (entries[13].id, True)


def test_two_ledgers_that_grew_apart_are_one_chain_again(world: World) -> None:
    ours, theirs = filled(world, 1), world.ledger(file=world.top / "other.db")
    theirs.merge(ours.journal(ours.records()[0].operation))
    apart = ulid(), ulid()
    ours.append(apart[0], "ada", *FACTS[:2])
    theirs.append(apart[1], "grace", *FACTS[:2])
    ours.merge(theirs.journal(apart[1]))
    assert len(proof(ours).heads) == 2
    ours.append(ulid(), "ada", Withdrawn(RELEASE))
    last = ours.shelf.entries()[-1]
    assert (len(last.after.split()), proof(ours).holds, proof(ours).heads) == (2, True, (name(last),))


def big(number: int) -> Observed:
    return Observed(None, tuple(finding(evidence="x" * 8000) for _ in range(number)))


def test_a_shortened_copy_proves_its_name_and_is_made_whole_by_the_whole_one(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    ledger.append(operation, "ada", FACTS[0], big(20), FACTS[-1])
    learner = world.ledger(file=world.top / "other.db")
    assert (learner.merge(ledger.journal(operation)), proof(learner).cut, proof(learner).holds) == (3, 1, True)
    whole = b"".join(map(codec.to_line, ledger.shelf.entries()))
    assert (learner.merge(whole), proof(learner).cut) == (0, 0)
    assert learner.shelf.entries() == ledger.shelf.entries()


def test_what_no_room_is_left_for_leaves_its_name(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    many = Observed(None, tuple(replace(finding(observed="x" * 200), case=str(number)) for number in range(1000)))
    appended = ledger.append(operation, "ada", FACTS[0], many, FACTS[-1])
    learner = world.ledger(file=world.top / "other.db")
    learner.merge(ledger.journal(operation))
    assert (learner.records(), proof(learner).holds, world.told) == ((appended[0], appended[2]), True, [])
    assert len(learner.shelf.entries()) == 3


def test_what_a_host_added_by_itself_is_in_the_chain(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    ledger.append(operation, "ada", FACTS[0])
    line = ledger.ahead(operation, "ada", Reverted(RELEASE, "web1"))
    ledger.append(operation, "ada", FACTS[-1])
    ledger.merge(line.replace(b"@at@", b"2026-11-23T14:03:10+00:00"))
    assert (proof(ledger).records, proof(ledger).holds) == (3, True)


def test_records_of_before_the_chain_are_counted_and_prove_nothing(world: World) -> None:
    old = Record(ulid(), NOW, "shop", "production", ulid(), "ada", Withdrawn(RELEASE))
    ledger = world.ledger()
    ledger.merge(codec.to_line(codec.entry(old)))
    ledger.append(ulid(), "ada", *FACTS[:2])
    found = proof(ledger)
    assert (found.unchained, found.links, found.holds) == (1, 1, True)


def test_a_secret_of_ours_that_a_host_wrote_is_struck_and_the_name_stays(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    ledger.append(operation, "ada", Withdrawn(RELEASE, "it was hunter2"))
    redact: Callable[[str], str] = lambda text: text.replace("hunter2", "[PASSWORD]")  # noqa: E731
    learner = world.ledger(file=world.top / "other.db", redact=redact)
    learner.merge(ledger.journal(operation))
    assert (proof(learner).cut, proof(learner).holds, learner.records()[0].fact) == (
        1,
        True,
        Withdrawn(RELEASE, "it was [PASSWORD]"),
    )


def test_started_is_found_by_its_tag() -> None:
    record = Record(ulid(), NOW, "shop", "production", ulid(), "ada", FACTS[0])
    assert isinstance(record.fact, Started)
    assert codec.found_by(codec.entry(record)) == {"about": "c" * 12, "tag": "v1.0.0"}
