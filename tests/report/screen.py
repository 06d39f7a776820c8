"""A recorded screen of a fixed size: what a person would see, without their terminal."""

from __future__ import annotations

import io

from rich.console import Console


def terminal(width: int = 80, height: int = 40) -> Console:
    """Behaves as a terminal."""
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width, height=height, markup=False)


def pipe() -> Console:
    """No terminal: nothing may be wrapped or cut."""
    return Console(file=io.StringIO(), force_terminal=False, width=10_000, markup=False)


def lines(console: Console) -> list[str]:
    """What was printed, without the blanks at the ends of lines."""
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]
