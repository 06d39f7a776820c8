from __future__ import annotations

from collections.abc import Sequence

import pytest

from rollback.core.vigil import Alarm, Vigil, alarm, last_said, may_roll_back
from rollback.model import Grade, Kind, Marked, Outcome, Pruned, Record, Release, Result, Watched
from tests.build import V1, V2, at, finding, judged, record
from tests.core.test_left import ended, started

DEPLOYED = (started(1, V2), ended(2, Outcome.DONE))


def test_limits_count_as_far_back_as_it_looks() -> None:
    failed, passed = finding(result=Result.FAIL, second=1), finding(second=20)
    seen = Vigil().seeing(V1, [failed], at(0))
    assert seen.verdict({}).grade is Grade.BAD
    assert seen.seeing(V1, [passed], at(0)).verdict({}).grade is Grade.BAD
    assert seen.seeing(V1, [passed], at(10)).verdict({}).grade is Grade.GOOD
    assert seen.seeing(V1, [], at(10)).verdict({}).grade is Grade.UNKNOWN


def test_it_begins_anew_with_another_release() -> None:
    seen = Vigil().seeing(V1, [finding(result=Result.FAIL, second=1)], at(0)).seeing(V2, [finding(second=2)], at(0))
    assert (seen.release, seen.verdict({}).grade) == (V2, Grade.GOOD)


def test_what_was_said_last_is_known_after_a_restart() -> None:
    good, bad = (Watched(V1, grade, "") for grade in (Grade.GOOD, Grade.BAD))
    assert last_said([record(2, bad, "B"), record(1, good, "A"), judged(3, V1)]) == bad
    assert last_said([judged(3, V1)]) is None


BAD = record(5, Watched(V2, Grade.BAD, "login fails"), "W1")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((), None),
        (DEPLOYED, None),
        ((BAD, *DEPLOYED), Alarm(V2, Grade.BAD, "login fails", at(5))),
        ((*DEPLOYED, BAD, record(6, Watched(V2, Grade.GOOD, ""), "W2")), None),
        ((*DEPLOYED, BAD, record(6, Pruned((V1,), ("web1",)))), Alarm(V2, Grade.BAD, "login fails", at(5))),
        ((*DEPLOYED, BAD, record(6, Marked(V2, Grade.GOOD, "it was the database"))), None),
        ((*DEPLOYED, BAD, judged(6, V2)), None),
        ((*DEPLOYED, BAD, started(6, V1, kind=Kind.ROLLBACK)), None),
    ],
    ids=["never watched", "deployed", "bad", "good again", "pruned", "a person's word", "a gate's", "rolled back"],
)
def test_an_alarm_stands_until_something_is_done_or_judged(records: Sequence[Record], expected: Alarm | None) -> None:
    assert alarm(records) == expected


@pytest.mark.parametrize(
    ("records", "live", "second", "may"),
    [
        (DEPLOYED, V2, 60, True),
        (DEPLOYED, V2, 63, False),
        (DEPLOYED, V1, 60, False),
        (DEPLOYED, None, 60, False),
        ((started(1, V2), ended(2, Outcome.PARTIAL)), V2, 60, True),
        ((started(1, V2), ended(2, Outcome.LEFT)), V2, 60, False),
        ((started(1, V2),), V2, 60, False),
        ((), V2, 60, False),
        ((*DEPLOYED, record(3, Pruned((V1,), ("web1",)), "B")), V2, 60, True),
        ((*DEPLOYED, record(3, Marked(V2, Grade.GOOD, "fine"), "B")), V2, 60, False),
        ((*DEPLOYED, started(3, V1, "B", kind=Kind.ROLLBACK), ended(4, Outcome.DONE, "B")), V1, 60, False),
        ((*DEPLOYED, started(3, V1, "B"), ended(4, Outcome.REFUSED, "B")), V2, 60, False),
    ],
)
def test_only_what_was_deployed_just_now_and_left_alone_since_is_rolled_back(
    records: Sequence[Record], live: Release | None, second: float, may: bool
) -> None:
    assert may_roll_back(records, live, at(second), 60.0) is may
