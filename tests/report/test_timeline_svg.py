"""The picture, read as a browser reads it: as XML."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from rollback.report.timeline_svg import Lane, Moment, Picture, Span, style, svg
from rollback.text import clean_line
from tests.build import at
from tests.report.hostile import EVERY, TRICKS

SVG = "{http://www.w3.org/2000/svg}"
INCIDENT = Picture(
    "v3 on production",
    (
        Lane("web1", (Span(at(0), at(10), "v2", "good"), Span(at(10), at(40), "v3", "bad"))),
        Lane("web2", (Span(at(0), at(40), "v2", "good"),)),
    ),
    (Moment(at(20), "login fails", "bad"), Moment(at(21), "back to v2"), Moment(at(39), "v2 verified", "good")),
)


def drawn(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(svg(picture, ""))


def texts(root: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{SVG}text")]


def test_lanes_spans_and_moments_are_where_their_time_is() -> None:
    root = drawn(INCIDENT)
    boxes = [one.attrib for one in root.iter(f"{SVG}rect") if "span" in one.attrib["class"]]
    assert [(box["class"], box["x"], box["width"]) for box in boxes] == [
        ("span good", "110.0", "207.5"),
        ("span bad", "317.5", "622.5"),
        ("span good", "110.0", "830.0"),
    ]
    lines = [one.attrib for one in root.iter(f"{SVG}line") if "moment" in one.attrib["class"]]
    assert [(line["class"], line["x1"]) for line in lines] == [
        ("moment bad", "525.0"),
        ("moment work", "545.8"),
        ("moment good", "919.2"),
    ]


def test_what_is_near_in_time_is_written_in_rows_and_nothing_leaves_the_picture() -> None:
    words = {one.text: one.attrib for one in drawn(INCIDENT).iter(f"{SVG}text")}
    assert (words["login fails"]["y"], words["back to v2"]["y"]) == ("22.0", "40.0")
    assert (words["v2 verified"]["text-anchor"], words["v2 verified"]["x"]) == ("end", "915.2")


def test_times_are_round_and_those_of_the_zone() -> None:
    shown = Picture("", INCIDENT.lanes, (), ZoneInfo("Asia/Kolkata"))
    assert [one for one in texts(drawn(shown)) if ":" in one][:3] == ["17:30:00", "17:30:05", "17:30:10"]


@pytest.mark.parametrize("lasting", [0.0, 0.05, 3.0, 400.0, 86400 * 40.0])
def test_however_long_it_lasted_a_few_times_are_written(lasting: float) -> None:
    picture = Picture("", (Lane("web1", (Span(at(0.013), at(0.013) + timedelta(seconds=lasting), "v1"),)),))
    ticks = [one for one in drawn(picture).iter(f"{SVG}line") if one.attrib["class"] == "edge"]
    assert len(ticks) <= 10


def test_of_nothing_there_is_an_empty_picture() -> None:
    assert texts(drawn(Picture("nothing", ()))) == ["00:00:00.0"]


@pytest.mark.parametrize("text", [*TRICKS, EVERY])
def test_whatever_comes_from_outside_is_text(text: str) -> None:
    picture = Picture(text, (Lane(text, (Span(at(0), at(9), text, "bad"),)),), (Moment(at(5), text),))
    root = drawn(picture)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {"svg", "title", "rect", "line", "text"}
    assert root.attrib["aria-label"] == clean_line(text)
    assert clean_line(text, 60) in texts(root)


def test_both_themes_have_their_colours_and_a_ground() -> None:
    light, _, dark = style().partition("@media (prefers-color-scheme: dark)")
    for rule in (".ground", ".span.good", ".span.bad", ".moment.bad"):
        assert (rule in light, rule in dark) == (True, True)
    assert "<style>" in svg(INCIDENT, style())
