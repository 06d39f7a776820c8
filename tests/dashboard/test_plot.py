"""Where the marks of the timeline stand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollback.core.past import past
from rollback.dashboard.plot import MARGIN, WIDTH, timeline
from rollback.model import Frozen, Grade
from tests.build import V1, V2
from tests.dashboard.told import Teller


def test_a_deploy_stands_above_the_line_and_one_that_went_back_below() -> None:
    teller = Teller()
    rows = past([*teller.deploy(V1), *teller.deploy(V2, Grade.BAD), *teller.operation(Frozen("not a deploy"))])
    shown = timeline([("production", rows)])
    assert shown is not None
    ((line, _),) = shown.lanes
    assert [(mark.row.what, mark.y < line, mark.tone) for mark in shown.marks] == [
        ("deploy v2", False, "caution"),
        ("deploy v1", True, "good"),
    ]


@pytest.mark.parametrize("apart", [timedelta(seconds=1), timedelta(hours=2), timedelta(days=9), timedelta(days=1200)])
def test_every_mark_and_every_tick_is_inside_and_ticks_are_few(apart: timedelta) -> None:
    teller = Teller()
    records = teller.deploy(V1)
    teller.at += apart
    shown = timeline([("production", past([*records, *teller.deploy(V2)])), ("staging", ())])
    assert shown is not None
    places = [*(one.x for one in shown.marks), *(one.x for one in shown.ticks)]
    assert (min(places) >= MARGIN, max(places) <= WIDTH - MARGIN, len(shown.ticks) in range(1, 9)) == (True, True, True)
    assert len(shown.lanes) == 2


def test_where_nothing_was_deployed_there_is_no_plot() -> None:
    assert timeline([("production", past(Teller().operation(Frozen("quiet"))))]) is None
