"""What a command answers, and the one place where it is printed and turned into an exit code, errors included."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollback.cli.options import Options
from rollback.errors import PlaybookInvalid, RollbackError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Reply:
    """data: for `--json`. shown: what a person reads on stdout: strings, or rich's tables and texts.
    message: one sentence; hint: the next command to type."""

    data: object = None
    shown: tuple[object, ...] = ()
    exit_code: int = 0
    message: str = ""
    hint: str = ""


def console(options: Options, *, stderr: bool = False) -> Console:
    """Where to print: no markup, no guessed colours; wide enough for any line when it is not a terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 200
    return Console(file=stream, markup=False, highlight=False, emoji=False, no_color=options.no_color, width=width)


def answer(command: str, function: Callable[..., Reply], options: Options, given: dict[str, Any]) -> int:
    """Call the command, print what it answers, and give the exit code."""
    try:
        reply = function(options, **given)
    except RollbackError as error:
        reply = Reply(None, (), error.exit_code, str(error), error.hint)
        _complain(options, error)
    except KeyboardInterrupt as interruption:
        reply = Reply(None, (), 128 + getattr(interruption, "signal", 2), "interrupted before anything live changed")
        _say(options, reply.message, "yellow")
    except BrokenPipeError:
        return _pipe_closed()
    except Exception as error:  # the last resort: nothing may end in a traceback on a user's terminal
        reply = Reply(None, (), 1, _bug(error), "rollback status")
        _say(options, f"{reply.message}\n  next      {reply.hint}", "red")
    return _print(command, reply, options)


def _print(command: str, reply: Reply, options: Options) -> int:
    try:
        if options.json:
            from rollback.report.data import envelope

            sys.stdout.write(envelope(command, reply.exit_code, reply.message, reply.hint, reply.data) + "\n")
        elif reply.shown:
            out = console(options)
            for one in reply.shown:
                out.print(one, soft_wrap=isinstance(one, str))
        sys.stdout.flush()
    except BrokenPipeError:
        return _pipe_closed()
    return reply.exit_code


def _pipe_closed() -> int:
    """The reader of our output went away (`| head`): what was done is done; say no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def _complain(options: Options, error: RollbackError) -> None:
    if isinstance(error, PlaybookInvalid):
        _say(options, "\n".join(error.faults), "red")
    else:
        _say(options, f"{_name(error.exit_code)}: {error}", "red")
    if error.hint:
        _say(options, f"  next      {error.hint}", "")


def _name(exit_code: int) -> str:
    return {2: "usage", 3: "refused", 4: "held", 5: "abandoned, nothing live changed"}.get(exit_code, "error")


def _say(options: Options, text: str, style: str) -> None:
    console(options, stderr=True).print(text, style=style, soft_wrap=True)


def _bug(error: Exception) -> str:
    handle, name = tempfile.mkstemp(prefix="rollback-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        traceback.print_exception(error, file=file)
    return f"this is a bug of rollback's ({type(error).__name__}); the details are in {Path(name)}"
