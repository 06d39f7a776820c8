"""Asks a person in the terminal for a passphrase: only there, once a file, one question at a time.

The question is put from a thread, and a thread can't be interrupted: so Ctrl-C comes in as a character here, and is
passed on to the process once the terminal is as it was.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
from pathlib import Path

from rollback.text import clean_line

_CTRL_C = b"\x03"
_LONGEST = 1024
_asking = threading.Lock()
_given: dict[Path, str | None] = {}  # None: it was asked for, and nobody gave it


def given(path: Path) -> str | None:
    """What was typed for this file before."""
    return _given.get(path)


def ask(path: Path) -> str | None:
    """The passphrase for a file; None without a terminal, or when nobody wants to give it."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    with _asking:
        if path not in _given:
            _given[path] = _asked(f"Passphrase for {clean_line(str(path))}: ")
        return _given[path]


def _asked(question: str) -> str | None:
    terminal = os.open(os.ttyname(sys.stdin.fileno()), os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        before = termios.tcgetattr(terminal)
        try:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, _silent(before))
            os.write(terminal, question.encode())
            line = os.read(terminal, _LONGEST)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
            os.write(terminal, b"\n")
    finally:
        os.close(terminal)
    if line.endswith(_CTRL_C):
        os.kill(os.getpid(), signal.SIGINT)
    return line.rstrip(b"\n").decode("utf-8", "surrogateescape") if line.endswith(b"\n") else None


def _silent(before: list[int | list[bytes | int]]) -> list[int | list[bytes | int]]:
    """Without echo, and with Ctrl-C as the end of a line instead of a signal."""
    iflag, oflag, cflag, lflag, ispeed, ospeed, characters = before
    assert isinstance(lflag, int)
    assert isinstance(characters, list)
    ended = [*characters]
    ended[termios.VEOL] = _CTRL_C
    return [iflag, oflag, cflag, lflag & ~(termios.ECHO | termios.ISIG), ispeed, ospeed, ended]
