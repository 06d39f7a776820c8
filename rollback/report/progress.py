"""Progress while it happens: plain lines in CI and pipes, a live table in a terminal. Both take events."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollback.model import Began, Event, Finding, Found, Moved, Noticed, Phase, Result
from rollback.report import words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

_MANY = 15  # more hosts than this are counted, and only those that differ are named


class Lines:
    """One line an event; what merely passed is said once a step."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console, self._verbose, self._lock = console, verbose, threading.Lock()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        text = _line(event, verbose=self._verbose)
        if text is not None:
            with self._lock:
                self._console.print(f"{datetime.now(UTC):%H:%M:%S}  {text[0]}", style=text[1])


def _line(event: Event, *, verbose: bool) -> tuple[str, str] | None:
    match event:
        case Began(step):
            return f"{step.phase:<9} {words.tag(step.release)} on {words.hosts(step.hosts)}", "bold"
        case Found(finding) if verbose or finding.result is not Result.PASS or finding.check in set(Phase):
            return f"  {words.MARKS[finding.result]} {words.said(finding)}", words.STYLES[finding.result]
        case Moved(host, phase, state) if verbose:
            return f"  · {host} {phase} {state}", "dim"
        case Noticed(text):
            return f"! {text}", "yellow"
        case _:
            return None


class Board:
    """The hosts as a table that is redrawn in place; notices and failures scroll above it."""

    def __init__(self, console: Console, hosts: tuple[str, ...], *, verbose: bool) -> None:
        self._console, self._verbose = console, verbose
        self._cells: dict[str, dict[str, tuple[str, str]]] = {host: {} for host in hosts}
        self._lock = threading.RLock()
        self._live: Live | None = None

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.update(self._table(), refresh=True)
            self._live.stop()
            self._live = None

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._take(event)
            if self._live is not None:
                self._live.update(self._table())

    def _take(self, event: Event) -> None:
        match event:
            case Began(step):
                self._begin()
                for host in step.hosts:
                    self._cells.setdefault(host, {})[step.phase] = (f"{words.tag(step.release)} …", "cyan")
            case Moved(host, phase, state) if host in self._cells:
                self._cells[host][phase] = (state, "cyan")
            case Found(finding):
                self._found(finding)
            case Noticed(text):
                self._console.print(f"! {text}", style="yellow")

    def _begin(self) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(self._table(), console=self._console, refresh_per_second=8, redirect_stdout=False)
            self._live.start()

    def _found(self, finding: Finding) -> None:
        phase = finding.check if finding.check in set(Phase) else Phase.VERIFY
        mark, style = words.MARKS[finding.result], words.STYLES[finding.result]
        if finding.host in self._cells:
            cell = self._cells[finding.host].get(phase, ("", ""))
            text = finding.observed if finding.check == phase else finding.check
            if not cell[0].startswith("✗"):
                self._cells[finding.host][phase] = (f"{mark} {text}"[:40], style)
        if finding.result in {Result.FAIL, Result.ERROR} or self._verbose:
            self._console.print(f"  {mark} {words.said(finding)}", style=style)

    def _table(self) -> Table:
        from rich.table import Table

        phases = [phase for phase in Phase if any(phase in cells for cells in self._cells.values())]
        table = Table("host", *phases, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for host, cells in self._rows():
            table.add_row(host, *(_styled(cells.get(phase, ("", ""))) for phase in phases))
        return table

    def _rows(self) -> list[tuple[str, dict[str, tuple[str, str]]]]:
        """All hosts, or on a large fleet one row for each state with a count and the outliers by name."""
        if len(self._cells) <= _MANY:
            return list(self._cells.items())
        counts = Counter(str(sorted(cells.items())) for cells in self._cells.values())
        rows: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {}
        for host, cells in self._cells.items():
            key = str(sorted(cells.items()))
            rows.setdefault(key, (host if counts[key] == 1 else f"{counts[key]} hosts ({host} …)", cells))
        return list(rows.values())[: 2 * _MANY]


def _styled(cell: tuple[str, str]) -> Text:
    from rich.text import Text

    return Text(*cell)
