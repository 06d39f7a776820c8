"""Commands that are built when they are first asked for: Typer would build every command at every start, and one is
called."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup


class _Commands(UserDict[str, Any]):
    def __getitem__(self, name: str) -> Any:
        return self.data[name]()


COMMANDS = _Commands()  # by name, in the order of the help


def command(name: str, function: Callable[[], Callable[..., Any]]) -> None:
    """function: gives what typer is to read."""

    @cache
    def built() -> Any:
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name)(function())
        return typer.main.get_command(alone)

    COMMANDS[name] = built


class Tree(TyperGroup):
    """The group of all of them."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = COMMANDS
