"""Where the bars of small plots by week stand, in the units of their picture. Pure; the templates draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rollback.core.metrics import Figures
from rollback.report import words

_SLOTS = 14  # weeks that a window of 90 days can touch
_APART = 4  # from one bar to the next
_LEAST = 4.0  # height of what is nothing, so that it is not taken for what nobody knows


@dataclass(frozen=True, slots=True)
class Frame:
    """Of every plot: its size, where a bar of the greatest value begins, and where all stand."""

    width: int = 360
    height: int = 136
    top: int = 34
    floor: int = 114


FRAME = Frame()


@dataclass(frozen=True, slots=True)
class Bar:
    """tone: good, bad or open. label: stands above it."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    label: str
    said: str

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Bars:
    """One plot. most: its greatest value, in words. weeks: (x, `W48`)."""

    title: str
    most: str
    bars: tuple[Bar, ...]
    weeks: tuple[tuple[float, str], ...]


def plots(weeks: Sequence[Figures]) -> tuple[Bars, ...]:
    """weeks: the oldest first; no plots of no weeks."""
    if not weeks:
        return ()
    return (
        _deployments(weeks),
        _of("Change fail rate", weeks, lambda one: one.failed.value, lambda value: f"{value:.0%}", "bad"),
        _of("Recovery time, p50", weeks, lambda one: one.recovery.p50, words.seconds, "open"),
        _of("Change lead time, p50", weeks, lambda one: one.lead_time.p50, words.seconds, "open"),
    )


def _deployments(weeks: Sequence[Figures]) -> Bars:
    """Those that failed stand on the others."""
    most = max(one.deployments for one in weeks)
    stacks: list[Bar] = []
    for place, one in enumerate(weeks):
        failed, said = (
            one.failed.some,
            f"{words.count(one.deployments, 'deployment')}, {one.failed.some} of them failed",
        )
        others = one.deployments - failed
        stacks += [_bar(weeks, place, 0, others, most, "good", "", said)] if others or not failed else []
        stacks += [_bar(weeks, place, others, failed, most, "bad", f"✗{failed}", said)] if failed else []
    return Bars("Deployments a week", str(most), tuple(stacks), tuple(_ticks(weeks)))


def _of(
    title: str,
    weeks: Sequence[Figures],
    value: Callable[[Figures], float | None],
    said: Callable[[float], str],
    tone: str,
) -> Bars:
    known = [(place, one) for place, one in enumerate(map(value, weeks)) if one is not None]
    most = max((one for _, one in known), default=0.0)
    drawn = tuple(_bar(weeks, place, 0, one, most, tone, "", said(one)) for place, one in known)
    return Bars(title, said(most) if known else "", drawn, tuple(_ticks(weeks)))


def _bar(
    weeks: Sequence[Figures], place: int, below: float, value: float, most: float, tone: str, label: str, said: str
) -> Bar:
    """below: the value that it stands on."""
    unit = (FRAME.floor - FRAME.top) / most if most else 0.0
    height = round(max(_LEAST, value * unit), 1)
    width = _slot(weeks) - _APART
    y = round(FRAME.floor - below * unit - height, 1)
    return Bar(_x(weeks, place), y, round(width, 1), height, tone, label, f"{weeks[place].group}: {said}")


def _ticks(weeks: Sequence[Figures]) -> Iterator[tuple[float, str]]:
    """Each third week, back from the newest."""
    for place in range(len(weeks) - 1, -1, -3):
        middle = _x(weeks, place) + (_slot(weeks) - _APART) / 2
        yield round(middle, 1), weeks[place].group.rpartition("-")[2]


def _x(weeks: Sequence[Figures], place: int) -> float:
    """The newest week stands at the right, however few there are."""
    return round(FRAME.width - (len(weeks) - place) * _slot(weeks) + _APART / 2, 1)


def _slot(weeks: Sequence[Figures]) -> float:
    return FRAME.width / max(_SLOTS, len(weeks))
