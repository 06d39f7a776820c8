"""Where the bars of a week stand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rollback.core.metrics import Figures, Ratio, Spread
from rollback.dashboard.bars import FRAME, Bars, plots


def week(number: int, deployments: int, failed: int = 0, recovery: float | None = None) -> Figures:
    known = Spread(1, recovery, recovery) if recovery is not None else Spread()
    ratio = Ratio(failed, deployments)
    return Figures(f"2026-W{number:02}", deployments, Spread(), Spread(), 0, ratio, known, 0, 0, Ratio(), failed, {})


def heights(plot: Bars) -> list[tuple[str, float]]:
    return [(bar.tone, bar.height) for bar in plot.bars]


def test_failed_deployments_stand_on_the_others_and_say_how_many() -> None:
    made, *_ = plots([week(47, 4, 1), week(48, 2, 2), week(49, 0)])
    assert heights(made) == [("good", 60.0), ("bad", 20.0), ("bad", 40.0), ("good", 4.0)]
    (below, above), said = made.bars[:2], [bar.label for bar in made.bars]
    assert (above.y + above.height, above.y, said) == (below.y, FRAME.top, ["", "✗1", "✗2", ""])
    assert made.bars[1].said == "2026-W47: 4 deployments, 1 of them failed"


def test_nothing_is_a_line_and_what_nobody_knows_is_none() -> None:
    _, failed, recovery, lead = plots([week(47, 4, 1, 90.0), week(48, 2), week(49, 0)])
    assert (failed.most, heights(failed)) == ("25%", [("bad", 80.0), ("bad", 4.0)])
    assert [bar.said for bar in recovery.bars] == ["2026-W47: 1 min 30 s"]
    assert (lead.most, lead.bars) == ("", ())


@pytest.mark.parametrize("count", [1, 2, 14, 60])
def test_every_bar_is_inside_none_stands_on_another_and_the_newest_is_at_the_right(count: int) -> None:
    for plot in plots([week(number, number, number // 2, float(number)) for number in range(count)]):
        places = sorted({(bar.x, bar.x + bar.width) for bar in plot.bars})
        assert all(end <= begin for (_, end), (begin, _) in pairwise(places))
        assert min([bar.y for bar in plot.bars], default=FRAME.top) >= FRAME.top
        assert all(begin >= 0 and end <= FRAME.width for begin, end in places)
        assert plot.weeks[0][1] == f"W{count - 1:02}"


def test_without_weeks_there_is_no_plot() -> None:
    assert plots([]) == ()
