"""Where the marks of a plot stand, in the units of its picture. Pure; the templates draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rollback.core.past import Past
from rollback.model import Outcome

WIDTH, LANE, MARGIN = 1100, 64, 28
_STEPS = tuple(
    timedelta(**one)
    for one in (
        {"minutes": 1},
        {"minutes": 5},
        {"minutes": 15},
        {"hours": 1},
        {"hours": 3},
        {"hours": 6},
        {"days": 1},
        {"days": 2},
        {"weeks": 1},
        {"weeks": 4},
        {"weeks": 13},
        {"weeks": 52},
    )
)
_MOST = 7  # ticks
_LEAST = timedelta(minutes=5)  # from one end to the other
TONES = {
    Outcome.DONE: "good",
    Outcome.ROLLED_BACK: "caution",
    Outcome.PARTIAL: "caution",
    Outcome.HELD: "caution",
    None: "open",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One operation. tone: good, caution, bad or open. back: it went back, and stands below the line."""

    x: float
    y: float
    tone: str
    back: bool
    row: Past
    environment: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    said: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """lanes: (y of its line, environment)."""

    height: int
    lanes: tuple[tuple[int, str], ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]


def tone(outcome: Outcome | None) -> str:
    return TONES.get(outcome, "bad")


def timeline(rows: Sequence[tuple[str, Sequence[Past]]]) -> Timeline | None:
    """rows: (environment, its operations). None when nothing was deployed or rolled back."""
    shown = [(lane, name, one) for lane, (name, mine) in enumerate(rows) for one in mine if _switches(one)]
    if not shown:
        return None
    last = max(one.at for *_, one in shown)
    first = min(last - _LEAST, *(one.at for *_, one in shown))
    span = last - first
    lanes = tuple((lane * LANE + LANE // 2 + 10, name) for lane, (name, _) in enumerate(rows))
    marks = (_mark(one, name, lanes[lane][0], _x(one.at, first, span)) for lane, name, one in shown)
    ticks = tuple(Tick(_x(at, first, span), said) for at, said in _ticks(first, first + span))
    return Timeline(len(rows) * LANE + 32, lanes, tuple(marks), ticks)


def _switches(one: Past) -> bool:
    return one.what.startswith(("deploy ", "rollback ", "resume ", "drill ", "gate "))


def _mark(one: Past, environment: str, y: int, x: float) -> Mark:
    back = one.what.startswith(("rollback ", "resume ")) or one.outcome is Outcome.ROLLED_BACK
    return Mark(x, y + (11 if back else -11), tone(one.outcome), back, one, environment)


def _x(at: datetime, first: datetime, span: timedelta) -> float:
    return round(MARGIN + (WIDTH - 2 * MARGIN) * ((at - first) / span), 1)


def _ticks(first: datetime, last: datetime) -> Iterator[tuple[datetime, str]]:
    """At round times, UTC."""
    step = next((one for one in _STEPS if (last - first) / one <= _MOST), _STEPS[-1])
    form = "%H:%M" if step < timedelta(days=1) else "%Y-%m-%d" if last - first > timedelta(days=300) else "%b %d"
    epoch = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
    at = epoch + ((first - epoch) // step + 1) * step
    while at <= last:
        yield at, f"{at:{form}}"
        at += step
