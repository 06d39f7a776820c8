"""DORA's five figures, of deployments whose figures can be counted on fingers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollback.core.changes import lead_times
from rollback.core.deployments import Deployment, WayBack
from rollback.core.metrics import Figures, LeadTimes, Ratio, Spread, metrics, spread, week
from rollback.model import Release
from tests.build import at

DAY = 86400.0
SINCE, UNTIL = at(0), at(30 * DAY)
NONE = dict.fromkeys(("detect", "decide", "execute", "verify"), Spread())
EMPTY = Figures("", 0, Spread(), Spread(), 0, Ratio(), Spread(), 0, 0, Ratio(), 0, NONE)


def made(day: float, commit: str = "c", *, failed: bool | None = False, author: str = "ada") -> Deployment:
    release = Release(f"v{day:g}", commit, "t")
    return Deployment(f"OP{day:g}", "production", author, release, at(day * DAY), at(day * DAY + 60), failed)


def test_of_nothing_nothing_is_known() -> None:
    found = metrics([], [], LeadTimes({}), SINCE, UNTIL, ("production",))
    assert (found.whole, found.groups, found.estimates) == (EMPTY, (), ())
    assert (found.whole.failed.value, found.whole.rework.value) == (None, None)


def test_the_five() -> None:
    failed = replace(made(5, failed=True), recovered=at(5 * DAY + 40))
    late = replace(made(6, failed=True), recovered=at(8 * DAY), elsewhere=True, rework=True)
    way = WayBack("OP5", "production", "ada", at(5 * DAY), (("detect", 1.0), ("execute", 2.0)))
    every = [made(1), failed, late, made(9, failed=None), made(11, failed=True)]
    times = LeadTimes({"OP1": (100.0, 300.0)}, frozenset({"OP9"}), "this is a shallow clone")
    found = metrics(every, [way], times, SINCE, UNTIL, ("production",))
    assert found.whole == Figures(
        group="",
        deployments=5,
        between=Spread(4, 2.5 * DAY, 3.7 * DAY),
        lead_time=Spread(2, 200.0, 280.0),
        untold=1,
        failed=Ratio(3, 4),
        recovery=Spread(2, DAY + 20, 155524.0),
        open=1,
        at_most=1,
        rework=Ratio(1, 5),
        rollbacks=1,
        parts={**NONE, "detect": Spread(1, 1.0, 1.0), "execute": Spread(1, 2.0, 2.0)},
    )
    assert [one.partition(":")[0] for one in found.estimates] == [
        *("lead time", "lead time", "change fail rate", "recovery time", "rework rate")
    ]
    assert (found.whole.failed.value, found.whole.rework.value) == (0.75, 0.2)


def test_what_began_before_or_after_the_window_does_not_count() -> None:
    ways = [WayBack("OP1", "production", "ada", at(-1), ()), WayBack("OP2", "production", "ada", at(31 * DAY), ())]
    found = metrics([made(-1), made(3), made(31)], ways, LeadTimes({}), SINCE, UNTIL, ("production",))
    assert (found.whole.deployments, found.whole.rollbacks) == (1, 0)


def test_by_author_everybody_who_did_something_has_a_row() -> None:
    way = WayBack("OPX", "production", "cy", at(DAY), ())
    found = metrics(
        [made(1), made(2, author="bob", failed=True), made(3)], [way], LeadTimes({}), SINCE, UNTIL, (), "author"
    )
    rows = [(one.group, one.deployments, one.failed.some, one.rollbacks) for one in found.groups]
    assert rows == [("ada", 2, 0, 0), ("bob", 1, 1, 0), ("cy", 0, 0, 1)]


def test_by_week_and_environment_those_without_a_deployment_have_a_row_too() -> None:
    """2026-11-20 is a Friday."""
    by_week = metrics([made(1), made(10)], [], LeadTimes({}), SINCE, at(17 * DAY), ("production",), "week")
    assert [(one.group, one.deployments) for one in by_week.groups] == [
        *(("2026-W47", 1), ("2026-W48", 0), ("2026-W49", 1), ("2026-W50", 0))
    ]
    places = ("production", "staging")
    by_place = metrics([made(1)], [], LeadTimes({}), SINCE, UNTIL, places, "environment")
    assert [(one.group, one.deployments) for one in by_place.groups] == [("production", 1), ("staging", 0)]


def test_a_window_that_ends_early_in_a_week_has_that_week() -> None:
    sunday, monday = at(2 * DAY), at(2 * DAY) + timedelta(hours=13)
    way = WayBack("OP2", "production", "cy", sunday, ())
    found = metrics([], [way], LeadTimes({}), SINCE, monday, (), "week")
    assert [one.group for one in found.groups] == [week(sunday), week(monday)] == ["2026-W47", "2026-W48"]


def test_times_between_two_are_those_of_one_environment() -> None:
    every = [made(1), replace(made(1.5), environment="staging"), made(3)]
    found = metrics(every, [], LeadTimes({}), SINCE, UNTIL, ("production", "staging"))
    assert found.whole.between == Spread(1, 2 * DAY, 2 * DAY)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Spread()),
        ([7.0], Spread(1, 7.0, 7.0)),
        ([4.0, 1.0, 2.0, 3.0], Spread(4, 2.5, 3.7)),
        ([-5.0, 1.0], Spread(2, 0.5, 0.9)),
    ],
)
def test_a_spread(values: list[float], expected: Spread) -> None:
    found = spread(values)
    assert (found.count, found.p50) == (expected.count, expected.p50)
    assert found.p90 == pytest.approx(expected.p90)


#   a - b - d - f     (d merges c)
#    \- c -/
HISTORY = {
    "b": (10, ("a",)),
    "c": (20, ("a",)),
    "d": (30, ("b", "c")),
    "f": (40, ("d",)),
}


def ended(day: float) -> float:
    return at(day * DAY + 60).timestamp()


def test_a_commit_counts_once_for_the_first_deployment_that_has_it() -> None:
    every = [made(1, "b"), made(2, "d"), made(3, "d"), made(4, "f")]
    found = lead_times(every, HISTORY, frozenset("abdf"), "a")
    assert {name: sorted(value) for name, value in found.of.items()} == {
        "OP1": [ended(1) - 10],
        "OP2": [ended(2) - 30, ended(2) - 20],
        "OP3": [],
        "OP4": [ended(4) - 40],
    }
    assert found.untold == frozenset()


def test_what_failed_brought_nothing_and_its_commits_count_for_the_next() -> None:
    every = [made(1, "d", failed=True), made(2, "f"), made(3, "f", failed=None)]
    found = lead_times(every, HISTORY, frozenset("adf"), "a")
    assert {name: len(value) for name, value in found.of.items()} == {"OP2": 4}


def test_without_what_was_before_it_is_not_told_what_was_new() -> None:
    """Neither for the first, nor for the one after a commit that the repository lost."""
    every = [made(1, "b"), made(2, "d"), made(3, "lost"), made(4, "f")]
    first = lead_times(every, HISTORY, frozenset("bdf"), None)
    assert {name: len(value) for name, value in first.of.items()} == {"OP2": 2}
    assert first.untold == {"OP1", "OP3", "OP4"}
    assert lead_times(every[:1], HISTORY, frozenset("b"), "gone").untold == {"OP1"}


def test_an_older_release_that_is_deployed_again_brings_nothing() -> None:
    assert lead_times([made(1, "a")], HISTORY, frozenset("ab"), "b").of == {"OP1": ()}


def test_a_clock_that_is_ahead_makes_no_time_negative() -> None:
    late = {"b": (int(ended(1)) + 500, ("a",))}
    assert lead_times([made(1, "b")], late, frozenset("ab"), "a").of == {"OP1": (0.0,)}
