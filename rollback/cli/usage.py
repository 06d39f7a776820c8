"""Runs the command tree, and answers what it could not read as every other error is answered: `--json` included."""

from __future__ import annotations

import os
import sys

import typer
from typer.exceptions import Abort, TyperException

from rollback.cli.options import Options
from rollback.cli.reply import Reply, complain, finish
from rollback.errors import UsageError

_YES = {"1", "true", "t", "yes", "y", "on"}


def run(app: typer.Typer) -> int:
    """The exit code."""
    try:
        code = app(prog_name="rollback", standalone_mode=False)
    except Abort:
        return 130
    except TyperException as error:
        return _misread(app, error)
    return code if isinstance(code, int) else 0


def _misread(app: typer.Typer, error: TyperException) -> int:
    """The line could not be read, so what it asks for is looked up in it as it stands."""
    options = Options(json=_given("--json"), no_color=_given("--no-color"))
    context: typer.Context | None = getattr(error, "ctx", None)
    path = context.command_path if context else _path(app)
    own = UsageError(error.format_message().replace("Value error, ", "", 1), hint=f"{path} -h")
    complain(options, own)
    name = path.split(" ")[1] if " " in path else "rollback"
    return finish(name, Reply(None, (), own.exit_code, str(own), own.hint), options)


def _path(app: typer.Typer) -> str:
    """An option without its value is refused before it is known whose it is."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return next((f"rollback {word}" for word in sys.argv[1:] if word in commands), "rollback")


def _given(flag: str) -> bool:
    variable = f"ROLLBACK_{flag.strip('-').replace('-', '_').upper()}"
    return flag in sys.argv or os.environ.get(variable, "").lower() in _YES
