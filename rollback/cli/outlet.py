"""The one way out: every text that leaves this process for a terminal, a pipe, a log or a traceback's file.

What was handed out as a secret is struck here, and what looks like one; what is hidden in a text is made visible. No
other file writes to stdout or stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from rollback.cli.options import Options
from rollback.text import clean

if TYPE_CHECKING:
    from rollback.playbook.secrets import Secrets
    from rollback.report.screen import Screen

_ENDLESS = 10_000  # cells
_LONGEST = 1 << 20  # characters


@cache
def secrets() -> Secrets:
    """This process's: all that it ever resolved is struck from all that it says."""
    from rollback.playbook.secrets import Secrets

    return Secrets(os.environ)


def in_actions() -> bool:
    """GitHub's runner reads what we print, and carries out what looks like a command to it."""
    return os.environ.get("GITHUB_ACTIONS", "").lower() == "true"


def fit(text: str) -> str:
    """As it may be seen."""
    return clean(secrets().redact(text), _LONGEST)


def console(options: Options, *, stderr: bool = False) -> Screen:
    """Where to print; where no terminal is, nothing is cut to a width."""
    from rollback.report.screen import Screen

    stream = cast("TextIO", _Prose(sys.stderr)) if stderr else sys.stdout
    width = None if stream.isatty() else _ENDLESS
    return Screen(stream, _harmless if in_actions() else secrets().redact, width=width, no_color=bool(options.no_color))


def prose(options: Options) -> Screen:
    """Where progress is told: nowhere when it is to be quiet."""
    screen = console(options, stderr=True)
    screen.quiet = bool(options.quiet)
    return screen


def _harmless(text: str) -> str:
    from rollback.report.github import inert

    return inert(secrets().redact(text))


def workflow_command(text: str) -> None:
    """One line for GitHub's runner, on stderr: stdout may be a JSON object."""
    prose = _Prose(sys.stderr)
    prose.write(f"{text}\n")
    prose.flush()


class _Prose:
    """stderr, and nothing once its terminal or reader is gone: an operation does not end for want of a listener."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._heard(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._heard(self._stream.flush)

    def _heard(self, say: Callable[[], object]) -> None:
        try:
            say()
        except OSError:
            _to_nowhere(self._stream)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def story(options: Options) -> TextIO:
    """For the demo, which prints other commands' output. With --json stdout is one envelope, and the story is prose."""
    return sys.stderr if options.json else sys.stdout


def line(text: str) -> None:
    """One line of data on stdout."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def closed() -> None:
    """The reader of our output went away (`| head`): what was done is done; say no more."""
    _to_nowhere(sys.stdout)


def _to_nowhere(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def kept(error: BaseException) -> str:
    """A bug's traceback goes into a file of ours alone, without anybody's variables. One sentence that names it."""
    import tempfile
    import traceback

    said = f"this is a bug of rollback's ({type(error).__name__})"
    try:
        handle, name = tempfile.mkstemp(prefix="rollback-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(fit("".join(traceback.format_exception(error))))
    except OSError as full:
        return f"{said}; its details could not be kept: {full.strerror}"
    return f"{said}; the details are in {Path(name)}"
