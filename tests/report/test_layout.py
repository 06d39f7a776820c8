from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from rollback.report.layout import Column, Grid, put
from tests.report.screen import lines, pipe, terminal

LONG = "  fallback  v1 (73de07a): known good since 2026-11-23 21:51Z, complete on every host"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            LONG,
            [
                "  fallback  v1 (73de07a): known good",
                "            since 2026-11-23 21:51Z,",
                "            complete on every host",
            ],
        ),
        ("✗ not ready: the disk of web1 is nearly full", ["✗ not ready: the disk of web1 is nearly", "  full"]),
        ("short", ["short"]),
        ("one\n\ntwo", ["one", "", "two"]),
    ],
)
def test_a_long_line_goes_on_under_its_own_text(line: str, shown: list[str]) -> None:
    screen = terminal(40)
    put(screen, line)
    assert lines(screen) == shown


def test_a_command_to_copy_is_never_broken() -> None:
    screen = terminal(30)
    put(screen, "  next      rollback mark good v1.2.0 --reason '…'")
    assert lines(screen) == ["  next      rollback mark good v1.2.0 --reason '…'"]


def test_nothing_is_wrapped_where_no_terminal_is() -> None:
    screen = pipe()
    put(screen, LONG * 3)
    assert lines(screen) == [LONG * 3]


def _grid() -> Grid:
    grid = Grid((Column("when", 2), Column("what"), Column("operation"), Column("reason", 3, prose=True)))
    reason = Text("login: 2 failures > limit 0, and so it was undone")
    grid.add("2026-11-23 21:51Z", "deploy v1", "01M856AF5TN5", reason)
    return grid


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (
            120,
            [
                "when               what       operation     reason",
                "2026-11-23 21:51Z  deploy v1  01M856AF5TN5  login: 2 failures > limit 0, and so it was undone",
            ],
        ),
        (
            72,
            [
                "when               what       operation     reason",
                "2026-11-23 21:51Z  deploy v1  01M856AF5TN5  login: 2 failures > limit 0,",
                "                                            and so it was undone",
            ],
        ),
        (60, ["when               what       operation", "2026-11-23 21:51Z  deploy v1  01M856AF5TN5"]),
        (30, ["what       operation", "deploy v1  01M856AF5TN5"]),
    ],
)
def test_the_least_important_columns_go_first(width: int, shown: list[str]) -> None:
    screen = terminal(width)
    put(screen, _grid())
    assert lines(screen) == shown


@pytest.mark.parametrize("screen", [pipe(), terminal(120)])
def test_where_a_row_fits_it_ends_with_its_last_word(screen: Console) -> None:
    grid = _grid()
    grid.add("-", "-", "-", "")
    screen.print(grid)
    assert isinstance(screen.file, io.StringIO)
    written = screen.file.getvalue().splitlines()
    assert [line.rstrip() for line in written] == written
    assert written[2] == "-                  -          -"
