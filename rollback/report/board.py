"""Progress in a terminal: the hosts as a table that is redrawn in place, and above it whatever deserves a line."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rollback.events import Began, Event, Found, Moved, Noticed, Sampled, Sent
from rollback.model import LASTING, Finding, Limits, Phase, Result, Step
from rollback.report import words
from rollback.report.layout import put
from rollback.report.progress import Said, notice, passed, said
from rollback.report.tally import PHASES, UNDRAIN, UNSAID, Tally, is_check
from rollback.report.transfer import Transfer
from rollback.report.window import Window
from rollback.text import clean_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.table import Table

_MANY = 15  # more hosts than this are counted, and only those that differ are named
_CELL = 26  # characters; what is longer was or will be told in full above
_AROUND = 8  # lines of the screen that are left to others
_SHORT = {Result.FAIL: "failed", Result.ERROR: "unknown", Result.SKIPPED: "not done", Result.INCONCLUSIVE: "unknown"}

Cells = dict[str, Said]


class Board:
    """A row a host, a column a phase. What failed is told in full above, and stays marked in its cell."""

    def __init__(
        self, console: Console, hosts: tuple[str, ...], *, verbose: bool, limits: Mapping[str, Limits] | None = None
    ) -> None:
        self._console, self._verbose, self._limits = console, verbose, limits or {}
        self._cells: dict[str, Cells] = {host: {} for host in hosts}
        self._tally, self._of_url, self._lock = Tally(), Tally(), threading.RLock()
        self._tags: dict[str, str] = {}  # what is being brought to a host
        self._window, self._transfer = Window(), Transfer()
        self._live: Live | None = None

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._sum_up()
            if self._live is not None:
                self._live.update(self.shown(), refresh=True)
                self._live.stop()
                self._live = None

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._take(event)
            if self._live is not None:
                self._live.update(self.shown())

    def _take(self, event: Event) -> None:
        match event:
            case Began(step):
                self._begin(step)
            case Moved(host, phase, state) if host in self._cells and phase in PHASES and state != "done":
                self._cells[host][phase] = (clean_line(state, _CELL), "")
            case Sent():
                self._transfer.add(event)
            case Found(finding) if finding.check not in UNSAID:
                self._found(finding)
            case Sampled():
                self._sample(event)
            case Noticed(text):
                self._sum_up()
                self._say(*notice(text))

    def _begin(self, step: Step) -> None:
        if self._live is None:
            self._sum_up()
        self._tally.empty()  # a host's cell counts from here; the url has none, and is said when all waves are done
        self._transfer.clear()
        if step.phase in LASTING:
            self._window = Window(step.phase)
        for host in step.hosts if step.phase is not Phase.PAUSE else ():
            cells = self._cells.setdefault(host, {})
            later = list(Phase)[list(Phase).index(step.phase) :]
            for phase in later:
                cells.pop(phase, None)
            cells[step.phase] = (f"{words.tag(step.release)} …", "")
            self._tags[host] = words.tag(step.release)
        if self._live is None:
            self._start()

    def _start(self) -> None:
        from rich.live import Live

        self._live = Live(self.shown(), console=self._console, refresh_per_second=8, redirect_stdout=False)
        self._live.start()

    def _found(self, finding: Finding) -> None:
        tally = self._tally if finding.host else self._of_url
        passes = tally.add(finding) if is_check(finding) else 0
        phase = finding.check if finding.check in PHASES else Phase.VERIFY
        if self._live is not None and finding.host in self._cells:
            self._mark(self._cells[finding.host], phase, finding, passes)
        if finding.result is not Result.PASS or self._verbose:
            self._say(*said(finding))

    def _sample(self, event: Sampled) -> None:
        self._window.add(event)
        for finding in event.findings:
            if finding.result is not Result.PASS or self._verbose:
                self._say(*said(finding))

    def _mark(self, cells: Cells, phase: str, finding: Finding, passes: int) -> None:
        """The first thing amiss stays in its cell, and what was verified before users came back."""
        there = cells.get(phase, ("", ""))[0]
        if there.startswith(("✗ ", "! ")) or (finding.check == UNDRAIN and there.startswith("✓ ")):
            return
        mark, style = words.MARKS[finding.result], words.STYLES[finding.result]
        tag = f"{self._tags[finding.host]} " if phase == Phase.ACTIVATE and finding.host in self._tags else ""
        cells[phase] = (clean_line(f"{mark} {tag}{_briefly(finding, passes)}", _CELL), style)

    def _sum_up(self) -> None:
        """What the table shows already is not said again: that leaves what was asked before it began, or of the url."""
        of_hosts = self._tally.empty()
        for text in (*(of_hosts if self._live is None else ()), *self._of_url.empty()):
            if not self._verbose:
                self._say(*passed(text))

    def _say(self, text: str, style: str) -> None:
        put(self._console, text, style)

    def shown(self) -> RenderableType:
        """As it stands: the hosts, what is on its way to them, and the watch once it has begun."""
        from rich.console import Group
        from rich.text import Text

        transfer = self._transfer.line()
        return Group(self.table(), *([Text(transfer)] if transfer else []), *self._window.lines(self._limits))

    def table(self) -> Table:
        """The hosts."""
        from rich.table import Table
        from rich.text import Text

        phases = [phase for phase in Phase if any(phase in cells for cells in self._cells.values())]
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("host", no_wrap=True, min_width=min(24, max(map(len, self._cells), default=4)))
        for phase in phases:
            table.add_column(phase, no_wrap=True, overflow="ellipsis")
        for host, cells in self._rows():
            table.add_row(Text(host), *(Text(*cells.get(phase, ("", ""))) for phase in phases))
        return table

    def _rows(self) -> list[tuple[str, Cells]]:
        """All hosts, or on a large fleet one row for each state with a count and the outliers by name."""
        room = max(3, self._console.size.height - _AROUND)
        if len(self._cells) <= min(_MANY, room):
            return list(self._cells.items())
        counts = Counter(str(sorted(cells.items())) for cells in self._cells.values())
        rows: dict[str, tuple[str, Cells]] = {}
        for host, cells in self._cells.items():
            key = str(sorted(cells.items()))
            rows.setdefault(key, (host if counts[key] == 1 else f"{counts[key]} hosts ({host} …)", cells))
        every = list(rows.values())
        return every if len(every) <= room else [*every[: room - 1], (f"… {len(every) - room + 1} more", {})]


def _briefly(finding: Finding, passes: int) -> str:
    """Short enough for a cell."""
    if finding.result is Result.PASS:
        return words.count(passes, "check") if is_check(finding) else finding.observed
    case = f"[{finding.case}]" if finding.case else ""
    return f"{finding.check}{case}" if is_check(finding) else _SHORT[finding.result]
