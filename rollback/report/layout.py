"""How lines and tables fit a terminal: words wrapped under their own column, the least important columns left out.

Where no terminal is, nothing is ever wrapped, cut or left out: what reads it there is a program or a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from rollback.text import clean

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

# What a line begins with, and under which its further lines do not reach: a time, a label or a step, a mark.
_LEAD = re.compile(r"(?:\d\d:\d\d:\d\d  )? *(?:(?:[a-z]+|\d+\. [a-z, ]+?) {2,})?(?:[✓✗!?·|→↩-] )?")
_COMMAND = re.compile(r" *next  ")
_GAP = 2
_LONGEST = 1 << 20  # characters of one text
_NARROWEST = 24  # cells that a column of prose needs to be worth its place


def put(console: Console, shown: object, style: str = "") -> None:
    """Print a line or anything of rich's."""
    if not isinstance(shown, (str, Text)):
        console.print(shown)
        return
    # A tag, a hint or an error may hold anything, and is measured as it will be shown.
    text = Text(clean(shown, _LONGEST), style) if isinstance(shown, str) else shown
    # A command to copy stays one line, however long; so does each line of what is a file as much as an answer.
    if console.is_terminal and not text.no_wrap and not _COMMAND.match(text.plain):
        text = Text("\n").join(_hanging(line, console) for line in text.split("\n", allow_blank=True))
    console.print(text, soft_wrap=True)


def _hanging(line: Text, console: Console) -> Text:
    found = _LEAD.match(line.plain)
    indent = found.end() if found else 0
    if cell_len(line.plain) <= console.width or console.width - indent < _NARROWEST:
        return line
    head, body = line[:indent], line[indent:]
    first, *rest = body.wrap(console, console.width - indent)
    return Text("\n").join([head + first, *(Text(" " * indent) + one for one in rest)])


@dataclass(frozen=True, slots=True)
class Column:
    """weight: 0 is always shown; where it is too narrow, the highest go first. prose: may be wrapped."""

    name: str
    weight: int = 0
    prose: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table without lines that chooses its columns by the width it is given."""

    columns: tuple[Column, ...]
    rows: list[tuple[Text, ...]] = field(default_factory=list)

    def add(self, *cells: Text | str) -> None:
        self.rows.append(tuple(Text(cell) if isinstance(cell, str) else cell for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        chosen = self._chosen(options.max_width)
        if sum(map(self._width, chosen)) + _GAP * len(chosen) > options.max_width:
            yield self._table(options.max_width, chosen)
        else:
            yield from self._lines(chosen)

    def _lines(self, chosen: Sequence[int]) -> Iterator[Text]:
        """Where all fits: a row ends where its words do, for whoever copies it or compares it."""
        header = tuple(Text(column.name, "bold") for column in self.columns)
        for row in (header, *self.rows):
            line = Text()
            for one in chosen:
                line.append_text(row[one]).append(" " * (self._width(one) - row[one].cell_len + _GAP))
            line.rstrip()
            yield line

    def _chosen(self, width: int) -> list[int]:
        chosen = list(range(len(self.columns)))
        while self._least(chosen) > width and any(self.columns[one].weight for one in chosen):
            chosen.remove(max(chosen, key=lambda one: self.columns[one].weight))
        return chosen

    def _least(self, chosen: Sequence[int]) -> int:
        widths = (min(self._width(one), _NARROWEST) if self.columns[one].prose else self._width(one) for one in chosen)
        return sum(widths) + _GAP * (len(chosen) - 1)

    def _width(self, number: int) -> int:
        return max(cell_len(self.columns[number].name), *(row[number].cell_len for row in self.rows), 0)

    def _table(self, width: int, chosen: Sequence[int]) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
        fits = self._least(chosen) <= width
        for one in chosen:
            column = self.columns[one]
            table.add_column(column.name, no_wrap=fits and not column.prose, overflow="fold")
        for row in self.rows:
            table.add_row(*(row[one] for one in chosen))
        return table
