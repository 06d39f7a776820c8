"""One operation as a grid: a row a host, a column for each phase of each release, a cell for what came of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rollback.model import Ended, Finding, Intended, Kind, Observed, Phase, Record, Release, Result, Started, Step

URL = ""  # the row of what is asked as users ask
_WORST = (Result.FAIL, Result.ERROR, Result.INCONCLUSIVE, Result.PASS, Result.SKIPPED)
_AHEAD = {
    Kind.DEPLOY: (Phase.UPLOAD, Phase.PREPARE, Phase.ACTIVATE, Phase.VERIFY),
    Kind.ROLLBACK: (Phase.ACTIVATE, Phase.VERIFY),
}


@dataclass(frozen=True, slots=True)
class Column:
    phase: Phase
    release: Release


@dataclass(frozen=True, slots=True)
class Cell:
    """state: a Result's word, "runs", "waits", "unknown" (begun, and never heard of again) or "" (not of this host).
    said: what was observed first that is as bad as that."""

    state: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """rows: a host's name (URL: as users ask), and a cell for each column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


_NOTHING = Cell("")
_Cells = dict[tuple[Column, str], Cell]


def grid(mine: Iterable[Record]) -> Grid | None:
    """Of one operation's records; None when it has no steps."""
    every = sorted(mine, key=lambda one: one.id)
    start = next((one.fact for one in every if isinstance(one.fact, Started)), None)
    if start is None:
        return None
    ended = any(isinstance(one.fact, Ended) for one in every)
    cells: _Cells = {} if ended else _ahead(start)
    for record in every:
        _enter(record.fact, cells)
    columns = tuple(dict.fromkeys(column for column, _ in cells))
    hosts = tuple(dict.fromkeys((*start.hosts, *(host for _, host in cells if host != URL))))
    asked = (URL,) if any(host == URL for _, host in cells) else ()
    rows = ((host, tuple(_shown(cells.get((column, host)), ended) for column in columns)) for host in (*hosts, *asked))
    return Grid(columns, tuple(rows))


def _ahead(start: Started) -> _Cells:
    columns = (Column(phase, start.target) for phase in _AHEAD.get(start.kind, ()))
    return {(column, host): Cell("waits") for column in columns for host in start.hosts}


def _enter(fact: object, cells: _Cells) -> None:
    if isinstance(fact, Intended):
        cells.update({(_column(fact.step), host): Cell("runs") for host in fact.step.hosts})
    if isinstance(fact, Observed) and fact.step is not None:
        for host in (*fact.step.hosts, URL):
            answers = [one for one in fact.findings if (one.host or URL) == host]
            if answers:
                cells[_column(fact.step), host] = _worst(answers)


def _column(step: Step) -> Column:
    return Column(step.phase, step.release)


def _worst(answers: Sequence[Finding]) -> Cell:
    telling = min(answers, key=lambda one: _WORST.index(one.result))
    return Cell(str(telling.result), telling.observed)


def _shown(cell: Cell | None, ended: bool) -> Cell:
    if cell is None:
        return _NOTHING
    return Cell("unknown") if ended and cell.state == "runs" else cell
