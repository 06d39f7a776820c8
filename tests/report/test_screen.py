"""Whatever is drawn on a screen is redacted and cleaned: lines, tables, and what is redrawn in place."""

from __future__ import annotations

import io
import re

import pytest
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rollback.report.layout import Column, Grid, put
from rollback.report.screen import Screen

HOSTILE = "a\x1b[2J\x1b]0;owned\u202eb\ud800\0\x9b31m[red]c\u2028 hunter2"
SHOWN = "a\\x1b[2J\\x1b]0;owned\\u202eb\\ud800\\x00\\x9b31m[red]c\\u2028 [WORD]"
RICHS_OWN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def redact(text: str) -> str:
    return text.replace("hunter2", "[WORD]")


def safe(file: io.StringIO) -> bool:
    """All of it is there to be read, wherever a narrow column broke it, and nothing else."""
    said = RICHS_OWN.sub("", file.getvalue()) if file.isatty() else file.getvalue()
    flat = "".join(said.split())
    return "".join(SHOWN.split()) in flat and "hunter2" not in flat and flat.isprintable() and "\u2028" not in said


def grid() -> Grid:
    made = Grid((Column("name"), Column("what", prose=True)))
    made.add(HOSTILE, Text(HOSTILE, "red"))
    return made


def table() -> Table:
    made = Table(box=None)
    made.add_column(HOSTILE, min_width=200)
    made.add_row(Text.assemble(("hun", "red"), ("ter2", "green"), HOSTILE))
    return made


@pytest.mark.parametrize(
    "what", [HOSTILE, Text(HOSTILE, "bold red"), Text.assemble(HOSTILE, ("x", "red")), grid(), table()]
)
@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_hidden_or_secret_gets_through(what: object, terminal: bool) -> None:
    file = Terminal() if terminal else io.StringIO()
    put(Screen(file, redact, width=300), what, "green")
    assert safe(file)


def test_what_is_redrawn_in_place_is_no_exception() -> None:
    file = Terminal()
    with Live(table(), console=Screen(file, redact, width=300), auto_refresh=False):
        pass
    assert safe(file)


def test_what_is_harmless_keeps_its_colours() -> None:
    file = Terminal()
    screen = Screen(file, redact, width=300)
    put(screen, Text.assemble("fine ", ("red", "red")))
    assert file.getvalue() == "fine \x1b[31mred\x1b[0m\n"
