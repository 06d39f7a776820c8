"""Which operations a person asks for."""

from __future__ import annotations

import pytest

from rollback.core.past import UNFINISHED, Wanted, past
from rollback.model import Ended, Grade, Kind, Marked, Noted, Outcome, Started
from tests.build import V1, V2, at, record

GRACE = "Grace Hopper <grace@navy.example>"
RECORDS = (
    record(1, Started(Kind.DEPLOY, V1, None, ("web1",)), "A"),
    record(2, Ended(Outcome.DONE), "A"),
    record(11, Started(Kind.DEPLOY, V2, V1, ("web1",), (("git", GRACE),)), "B", "grace"),
    record(12, Ended(Outcome.ROLLED_BACK), "B", "grace"),
    record(21, Started(Kind.DEPLOY, V2, V1, ("web1",)), "C"),
    record(31, Marked(V1, Grade.BAD, "slow"), "D", "grace"),
    record(41, Noted("the phone rings", at(5)), "E"),
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), "EDCBA"),
        (Wanted(tag="v2"), "CB"),
        (Wanted(tag="v*"), "DCBA"),
        (Wanted(author="gr*"), "DB"),
        (Wanted(author="Grace *"), "B"),
        (Wanted(author="Grace Hopper"), "B"),
        (Wanted(author="*@navy.example"), ""),
        (Wanted(author="*@navy.example>"), "B"),
        (Wanted(outcome="rolled back"), "B"),
        (Wanted(outcome="done"), "EDA"),
        (Wanted(outcome=UNFINISHED), "C"),
        (Wanted(since=at(21)), "EDC"),
        (Wanted("v1", "grace", "done", at(0)), "D"),
        (Wanted("v1", "grace", "done", at(32)), ""),
    ],
)
def test_operations_are_found_by_what_they_were(wanted: Wanted, found: str) -> None:
    assert "".join(row.operation for row in past(RECORDS) if row in wanted) == found


def test_a_row_says_where_it_was() -> None:
    assert {row.environment for row in past(RECORDS)} == {"production"}
