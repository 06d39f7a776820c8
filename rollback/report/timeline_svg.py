"""A picture of what happened when: lanes (a host, an environment) with spans of time, and moments that cross them all.

Plain data in, SVG text out, the same text for the same data. No scripts, no fonts, nothing from elsewhere; colours
follow the reader's theme, and what a colour says is also written. Everything that comes from outside is shown as text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil
from pathlib import Path

from rollback.core.amounts import seconds
from rollback.text import clean_line

_TEMPLATES = Path(__file__).with_name("templates")
_LETTER = 6.6  # units: about as wide as a letter of 11 units
_WIDTH, _LEFT, _RIGHT, _TOP = 960.0, 110.0, 20.0, 30.0
_LANE, _ROW, _AXIS = 30.0, 18.0, 24.0
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Span:
    """kind: good, bad, unknown or work; it is the colour. begin, end: aware. label: shown where there is room."""

    begin: datetime
    end: datetime
    label: str
    kind: str = "work"


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """kind as of a Span."""

    at: datetime
    label: str
    kind: str = "work"


@dataclass(frozen=True, slots=True)
class Picture:
    """title: what a reader who can't see it is told. zone: of the times below the lanes."""

    title: str
    lanes: tuple[Lane, ...]
    moments: tuple[Moment, ...] = ()
    zone: tzinfo = UTC


def style() -> str:
    """The picture's style sheet, for a page whose policy allows none inside it."""
    return (_TEMPLATES / "timeline.css").read_text("utf-8")


def svg(picture: Picture, style: str) -> str:
    """An <svg> element, 960 units wide, to be scaled. style: goes inside; "" when the page brings its own."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    renderer = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    renderer.filters["clean"] = clean_line
    return renderer.get_template("timeline.svg.j2").render(drawn=_drawn(picture), style=style)


@dataclass(frozen=True, slots=True)
class _Box:
    x: str
    width: str
    label: str
    inside: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A moment or a tick: a line at x, its words at (words, y) that begin, end or have their middle there."""

    x: str
    words: str
    y: str
    anchor: str
    label: str
    kind: str = "tick"


@dataclass(frozen=True, slots=True)
class _Drawn:
    title: str
    width: float
    height: float
    left: float
    right: float
    floor: float
    lanes: tuple[tuple[str, float, tuple[_Box, ...]], ...]
    ticks: tuple[_Line, ...]
    moments: tuple[_Line, ...]


class _Scale:
    """Moments as places between the left and the right edge."""

    def __init__(self, picture: Picture) -> None:
        spans = [one for lane in picture.lanes for one in lane.spans]
        every = [at for one in spans for at in (one.begin, one.end)] + [one.at for one in picture.moments]
        self.begin = min(every, default=datetime(1970, 1, 1, tzinfo=UTC))
        self.length = max((max(every, default=self.begin) - self.begin).total_seconds(), 0.001)

    def __call__(self, at: datetime) -> float:
        share = (at - self.begin).total_seconds() / self.length
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _drawn(picture: Picture) -> _Drawn:
    scale = _Scale(picture)
    rows = _rows(picture.moments, scale)
    top = _TOP + _ROW * (max(rows, default=-1) + 1)
    lanes = tuple((lane.name, top + _LANE * at, _boxes(lane, scale)) for at, lane in enumerate(picture.lanes))
    floor = top + _LANE * len(lanes)
    moments = tuple(_moment(one, scale, row) for one, row in zip(_ordered(picture), rows, strict=True))
    ticks = tuple(_ticks(scale, picture.zone, floor))
    return _Drawn(picture.title, _WIDTH, floor + _AXIS, _LEFT, _WIDTH - _RIGHT, floor, lanes, ticks, moments)


def _boxes(lane: Lane, scale: _Scale) -> tuple[_Box, ...]:
    return tuple(_box(one, scale(one.begin), scale(one.end)) for one in lane.spans)


def _box(one: Span, begin: float, end: float) -> _Box:
    width = max(end - begin, 2.0)
    label = clean_line(one.label, 80)
    inside = label if len(label) * _LETTER + 8 < width else ""
    return _Box(_at(begin), _at(width), f"{label}, {seconds((one.end - one.begin).total_seconds())}", inside, one.kind)


def _ordered(picture: Picture) -> list[Moment]:
    return sorted(picture.moments, key=lambda one: (one.at, one.label))


def _rows(moments: Iterable[Moment], scale: _Scale) -> list[int]:
    """For each, in the order of time, the lowest row where its words meet no other's."""
    ends: list[float] = []
    rows = []
    for one in sorted(moments, key=lambda one: (one.at, one.label)):
        begin, end = _reach(one, scale)
        row = next((at for at, taken in enumerate(ends) if taken < begin), len(ends))
        ends[row : row + 1] = [end + 8]
        rows.append(row)
    return rows


def _reach(one: Moment, scale: _Scale) -> tuple[float, float]:
    """From where to where its words go: to the right of their line, or to its left where there is no room."""
    x, width = scale(one.at), len(_words(one)) * _LETTER + 6
    return (x, x + width) if x + width < _WIDTH else (x - width, x)


def _words(one: Moment) -> str:
    return clean_line(one.label, 60)


def _moment(one: Moment, scale: _Scale, row: int) -> _Line:
    x, (begin, _) = scale(one.at), _reach(one, scale)
    right = begin >= x
    anchor, words = ("start", x + 4) if right else ("end", x - 4)
    return _Line(_at(x), _at(words), _at(_TOP + _ROW * row - 8), anchor, _words(one), one.kind)


def _ticks(scale: _Scale, zone: tzinfo, floor: float) -> Iterable[_Line]:
    """At round times of the zone, never more than a few."""
    step = next((one for one in _STEPS if scale.length / one <= _MOST_TICKS), None)
    step = step or 86400 * (int(scale.length / 86400 / _MOST_TICKS) + 1)
    local = scale.begin.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    first = ceil((local - midnight).total_seconds() / step)
    for number in range(first, first + _MOST_TICKS + 1):
        at = scale.begin + (midnight + timedelta(seconds=number * step) - local)
        if (at - scale.begin).total_seconds() > scale.length:
            return
        x = _at(scale(at))
        yield _Line(x, x, _at(floor + 16), "middle", _said(at.astimezone(zone), step))


def _said(at: datetime, step: float) -> str:
    if step < 1:
        return f"{at:%H:%M:%S}.{at.microsecond // 100_000}"
    return f"{at:%H:%M:%S}" if step < 60 else f"{at:%H:%M}" if step < 86400 else f"{at:%Y-%m-%d}"


def _at(place: float) -> str:
    """To a tenth of a unit, so that the same data is the same text everywhere."""
    return f"{place:.1f}"
