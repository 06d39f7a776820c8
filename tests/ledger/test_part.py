"""A part of the ledger is the same records, wherever they lie."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollback.ledger.ids import floor, ulid
from rollback.ledger.part import WHOLE, Part
from rollback.ledger.store import Ledger
from rollback.model import Ended, Frozen, Outcome, Record

WANTED: list[tuple[Part, Callable[[Record], bool]]] = [
    (WHOLE, lambda _: True),
    (Part(kinds=frozenset({"ended"})), lambda one: isinstance(one.fact, Ended)),
    (Part(kinds=frozenset()), lambda _: False),
    (Part(operations=frozenset({"OP1"})), lambda one: one.operation == "OP1"),
    (Part(operations=frozenset(f"OP{n}" for n in range(1, 1200))), lambda one: one.operation != "OP0"),
    (Part(operations=frozenset()), lambda _: False),
]


@pytest.fixture(params=["database", "waiting"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """Three operations, two records each: in the database, or in the files that wait for it."""
    place = tmp_path / ("ledger" if request.param == "database" else "file/ledger")
    (tmp_path / "file").write_text("no folder")
    made = Ledger.open(
        f"sqlite:///{place}",
        app="shop",
        environment="production",
        waiting=tmp_path / "waiting",
        redact=str,
        tell=lambda _: None,
    )
    for number in range(3):
        made.append(f"OP{number}", "ada", Frozen("x"), Ended(Outcome.DONE))
    assert (tmp_path / "waiting").exists() == (request.param == "waiting")
    return made


@pytest.mark.parametrize(("part", "wanted"), WANTED)
def test_only_what_is_wanted_is_read(ledger: Ledger, part: Part, wanted: Callable[[Record], bool]) -> None:
    every = ledger.records()
    assert len(every) == 6
    assert ledger.records(part) == tuple(filter(wanted, every))


def test_it_begins_and_ends_with_an_id_and_the_newest_come_last(ledger: Ledger) -> None:
    every = ledger.records()
    assert ledger.records(Part(since=every[2].id)) == every[2:]
    assert ledger.records(Part(before=every[2].id)) == every[:2]
    assert ledger.records(Part(newest=2)) == every[4:]
    assert ledger.records(Part(newest=1, kinds=frozenset({"frozen"}))) == every[4:5]


def test_the_least_id_of_a_time_is_no_greater_than_any_made_then() -> None:
    now = datetime.now(UTC)
    assert floor(now) <= ulid() < floor(now + timedelta(days=2))
    assert floor(datetime(1, 1, 1, tzinfo=UTC)) == "0" * 26


def test_what_no_operation_can_begin_with_is_asked_of_no_database(ledger: Ledger) -> None:
    assert ledger.shelf.beginning("OP1") == {"OP1"}
    assert ledger.shelf.beginning("OP\udcff\x00") == frozenset()
