"""The figures as a picture: seconds by hosts, both axes logarithmic, one panel for each round-trip time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import log10
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from tests.bench.figures import Figures

WIDTH, HEIGHT = 300, 260  # px of a panel
_PITCH = WIDTH + 235  # px from one panel to the next: the labels of one and the axis of the other are between
_LABEL = 15  # px from one label to the next


@dataclass(frozen=True)
class Line:
    """One tool's medians. kind: the number of its colour. label: px from the top, apart from the other labels."""

    tool: str
    kind: int
    points: tuple[tuple[float, float], ...]
    label: float


@dataclass(frozen=True)
class Panel:
    rtt: int
    left: float
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Scale:
    """From a value between low and high to px between 0 and length, by decades."""

    low: float
    high: float
    length: float

    def __call__(self, value: float) -> float:
        span = log10(self.high / self.low) or 1.0
        return round(log10(value / self.low) / span * self.length, 1)


def drawn(figures: Figures) -> str:
    """As SVG."""
    hosts = sorted({hosts for _, hosts in figures.fleets})
    across = Scale(hosts[0], hosts[-1], WIDTH)
    seconds = [row.wall for row in figures.rows if row.wall is not None]
    up = Scale(min(seconds, default=0.1) * 0.8, max(seconds, default=1.0) * 1.2, HEIGHT)
    rtts = sorted({rtt for rtt, _ in figures.fleets})
    panels = [_panel(figures, rtt, place, across, up) for place, rtt in enumerate(rtts)]
    ticks = [
        (value, HEIGHT - up(value)) for value in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if up.low < value < up.high
    ]
    template = Path(__file__).with_name("plot.svg.j2").read_text()
    return (
        Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .from_string(template)
        .render(
            panels=panels, hosts=[(n, across(n)) for n in hosts], ticks=ticks, width=WIDTH, height=HEIGHT, pitch=_PITCH
        )
    )


def _panel(figures: Figures, rtt: int, place: int, across: Scale, up: Scale) -> Panel:
    curves: list[tuple[int, str, tuple[tuple[float, float], ...]]] = []
    for kind, tool in enumerate(figures.tools):
        medians = [(hosts, figures.wall(rtt, hosts, tool)) for at, hosts in figures.fleets if at == rtt]
        points = tuple((across(hosts), HEIGHT - up(wall)) for hosts, wall in sorted(medians) if wall is not None)
        if points:
            curves.append((kind, tool, points))
    labels = apart([points[-1][1] for _, _, points in curves], _LABEL)
    lines = [Line(tool, kind, points, label) for (kind, tool, points), label in zip(curves, labels, strict=True)]
    return Panel(rtt, place * _PITCH, tuple(reversed(lines)))  # we are drawn last, on top


def apart(places: list[float], least: float) -> list[float]:
    """The same places, moved so that no two are nearer than `least`, in the same order and about the same middle."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    shift = (sum(moved) - sum(places)) / len(places) if places else 0.0
    return [round(place - shift, 1) for place in moved]
