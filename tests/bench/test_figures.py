"""What is made of the measured seconds."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.bench.figures import Figures, Row, ratio, read, written
from tests.bench.plot import apart, drawn
from tests.bench.table import HEADING, notes, page, walls, with_table
from tests.bench.tools import LIMIT, OURS, TOOLS

FIGURES = Figures(
    "2 processors",
    3,
    (
        Row(20, 1, OURS, (0.5, 0.4, 0.9), (0.3, 0.2, 0.5)),
        Row(20, 1, LIMIT, (0.25, 0.2, 0.3), (0.2, 0.1, 0.3)),
        Row(20, 1, "Capistrano", (), (), ("exit code 1: no | route", "exit code 1: <none>")),
        Row(20, 10, OURS, (1.0, 1.0, 1.0), (0.6, 0.6, 0.6)),
        Row(20, 10, LIMIT, (0.5, 0.5, 0.5), (0.4, 0.4, 0.4)),
        Row(20, 10, "Capistrano", (3.0, 2.0), (2.5, 1.5), ("not done after 90 s",)),
    ),
    (("pyinfra", "could not be installed: no network"),),
)


def test_what_is_written_is_read_again() -> None:
    assert read(written(FIGURES)) == FIGURES
    assert sum('"rtt"' in line for line in written(FIGURES).splitlines()) == len(FIGURES.rows)  # a line each, for diffs


def test_a_ratio_is_of_medians_and_none_where_one_is_missing() -> None:
    ours, limit = (FIGURES.wall(20, 1, tool) for tool in (OURS, LIMIT))
    assert (ratio(ours, limit), ratio(ours, None), ratio(None, limit)) == (2.0, None, None)


def test_the_table_has_a_column_for_each_fleet_and_says_what_failed() -> None:
    assert walls(FIGURES).splitlines() == [
        "|  | 1 host, 20 ms | 10 hosts, 20 ms |",
        "| --- | --- | --- |",
        "| rollback | 0.50 (0.40 to 0.90) | 1.00 (1.00 to 1.00) |",
        "| ssh, ECDH (the limit) | 0.25 (0.20 to 0.30) | 0.50 (0.50 to 0.50) |",
        "| Capistrano | failed | 2.50 (2.00 to 3.00) |",
    ]


def test_of_a_single_run_no_spread_is_told() -> None:
    once = Figures("2 processors", 1, (Row(20, 1, OURS, (0.5,), (0.3,)),), ())
    assert walls(once).splitlines()[-1] == "| rollback | 0.50 |"


def test_the_page_tells_ratios_the_last_restart_and_who_was_left_out() -> None:
    text = page(FIGURES)
    for line in (
        "| rollback | 2.00 × | 2.00 × |",  # noqa: RUF001
        "| Capistrano |  | 2.50 × |",  # noqa: RUF001
        "| rollback | 0.30 (1.20 ×) | 0.60 (1.20 ×) |",  # noqa: RUF001
        "Not here: pyinfra (could not be installed: no network).",
    ):
        assert line in text.splitlines()
    assert notes(FIGURES)[1:] == [
        "Capistrano on 1 host, 20 ms: 2 failed, the last with: exit code 1: <none>.",
        "Capistrano on 10 hosts, 20 ms: 1 failed, the last with: not done after 90 s.",
    ]


def test_only_the_table_under_its_heading_is_replaced() -> None:
    readme = f"# A\n\n| a |\n\n{HEADING}\n\nText.\n\n| old |\n| old |\n\nMore.\n\n| b |\n"
    assert with_table(readme, "| new |") == f"# A\n\n| a |\n\n{HEADING}\n\nText.\n\n| new |\n\nMore.\n\n| b |\n"
    with pytest.raises(ValueError, match="no table"):
        with_table("# A\n\n| a |\n", "| new |")


def test_the_picture_has_a_curve_for_everyone_who_was_measured() -> None:
    root = ET.fromstring(drawn(FIGURES))
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    curves = list(root.iter("{http://www.w3.org/2000/svg}polyline"))
    assert ([one for one in texts if one in {tool.name for tool in TOOLS}], len(curves)) == (
        list(reversed(FIGURES.tools)),
        3,
    )


def test_a_picture_of_one_fleet_can_be_drawn() -> None:
    one = Figures("m", 1, (Row(0, 10, OURS, (1.0,)),))
    assert "polyline" in drawn(one)


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([], []),
        ([5.0], [5.0]),
        ([0.0, 100.0], [0.0, 100.0]),
        ([50.0, 50.0], [45.0, 55.0]),
        ([20.0, 11.0], [20.5, 10.5]),
    ],
)
def test_labels_keep_their_order_and_their_distance(places: list[float], moved: list[float]) -> None:
    assert apart(places, 10.0) == moved
