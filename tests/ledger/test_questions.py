"""What SQLite makes of the questions: each is answered from an index, of which no more is read than is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from rollback.ledger.file import File
from rollback.ledger.part import Part
from rollback.ledger.ports import Question
from rollback.ledger.questions import Questions

_SOME = tuple(f"{number:012}" for number in range(40))
_ASK = Questions("shop", "production")
_STEPS = frozenset({"intended", "observed"})
_FOUND: dict[str, Iterable[Question]] = {
    "of": _ASK.of(_SOME),
    "page": [_ASK.page(_SOME[0])],
    "beginning": [_ASK.beginning("01")],
    "known": _ASK.known(_SOME),
    "since": [_ASK.since(_SOME[0], _SOME[1])],
    "judging": _ASK.judging(_SOME),
    "starting": _ASK.starting(_SOME),
    "latest": _ASK.latest({"started", "marked"}),
    "naming": _ASK.naming({"web1"}, _SOME[0]),
    "a kind": _ASK.part(Part(kinds=frozenset({"noted"}))),
    "kinds since": _ASK.part(Part(_SOME[0], kinds=_STEPS)),
    "kinds before": _ASK.part(Part(before=_SOME[0], kinds=frozenset({"judged"}), newest=20)),
    "kinds of some": _ASK.part(Part(_SOME[0], kinds=_STEPS, operations=frozenset(_SOME))),
}
_ENDS = {"newest": _ASK.newest(20), "last": _ASK.last()}  # an end of an index, and no more than its limit


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> File:
    """Empty: SQLite has no other means to choose by, however much there is."""
    made = File(Path(tmp_path_factory.mktemp("ledger")) / "ledger.sqlite3", 5.0)
    made.make()
    return made


def plan(file: File, question: Question) -> list[str]:
    """SQLite's own words."""
    with file.talk(5.0) as talk:
        return [row[3] for row in talk.ask(Question(f"EXPLAIN QUERY PLAN {question.sql}", question.values))]


@pytest.mark.parametrize("name", _FOUND)
def test_what_is_asked_for_is_found_and_not_looked_for(file: File, name: str) -> None:
    for question in _FOUND[name]:
        read = [step for step in plan(file, question) if "records" in step]
        assert read
        assert all("(app=? AND environment=? AND " in step for step in read), read


@pytest.mark.parametrize("name", _ENDS)
def test_the_newest_are_read_from_the_end_of_an_index(file: File, name: str) -> None:
    (step,) = plan(file, _ENDS[name])  # nothing is sorted or put together beside it
    assert step.endswith("(app=? AND environment=?)")
