"""What SQLite makes of the questions: each is answered from an index, of which no more is read than is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import Select, text

from rollback.ledger.database import Database
from rollback.ledger.part import Part
from rollback.ledger.questions import Questions
from rollback.ledger.schema import RECORDS

_SOME = tuple(f"{number:012}" for number in range(40))
_ASK = Questions("shop", "production")
_STEPS = frozenset({"intended", "observed"})
_FOUND: dict[str, Iterable[Select[tuple[object]]]] = {
    "of": _ASK.of(_SOME),
    "page": [_ASK.page(_SOME[0])],
    "beginning": [_ASK.beginning("01")],
    "known": _ASK.known(_SOME),
    "since": [_ASK.since(_SOME[0], _SOME[1])],
    "judging": _ASK.judging(_SOME),
    "starting": _ASK.starting(_SOME),
    "latest": [_ASK.latest({"started", "marked"})],
    "naming": _ASK.naming({"web1"}, _SOME[0]),
    "a kind": Part(kinds=frozenset({"noted"})).questions(_ASK.all, RECORDS),
    "kinds since": Part(_SOME[0], kinds=_STEPS).questions(_ASK.all, RECORDS),
    "kinds before": Part(before=_SOME[0], kinds=frozenset({"judged"}), newest=20).questions(_ASK.all, RECORDS),
    "kinds of some": Part(_SOME[0], kinds=_STEPS, operations=frozenset(_SOME)).questions(_ASK.all, RECORDS),
}
_ENDS = {"newest": _ASK.newest(20), "last": _ASK.last()}  # an end of an index, and no more than its limit


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Empty: SQLite has no other means to choose by, however much there is."""
    made = Database(Path(tmp_path_factory.mktemp("ledger")) / "ledger.sqlite3", 5.0)
    made.upgrade()
    return made


def plan(database: Database, question: Select[tuple[object]]) -> list[str]:
    """SQLite's own words."""
    with database._engine.connect() as connection:
        said = question.compile(connection, compile_kwargs={"literal_binds": True})
        return [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {said}".replace(":", r"\:")))]


@pytest.mark.parametrize("name", _FOUND)
def test_what_is_asked_for_is_found_and_not_looked_for(database: Database, name: str) -> None:
    for question in _FOUND[name]:
        read = [step for step in plan(database, question) if "records" in step]
        assert read
        assert all("(app=? AND environment=? AND " in step for step in read), read


@pytest.mark.parametrize("name", _ENDS)
def test_the_newest_are_read_from_the_end_of_an_index(database: Database, name: str) -> None:
    (step,) = plan(database, _ENDS[name])  # nothing is sorted or put together beside it
    assert step.endswith("(app=? AND environment=?)")
