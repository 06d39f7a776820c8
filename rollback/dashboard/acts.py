"""The few deeds that the dashboard may be allowed: each is the very command that a person would type, in a process of
its own, which goes on to its end whatever becomes of the dashboard.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import IO

_SHOWN = 200_000  # bytes of what a command prints


class NotAgreed(ValueError):
    """`str()` says what is missing."""


@dataclass(frozen=True, slots=True)
class Act:
    """A command that was started. number: its own, from 1."""

    number: int
    environment: str
    words: tuple[str, ...]
    begun: datetime
    _process: subprocess.Popen[bytes]
    _said: IO[bytes]

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    @property
    def said(self) -> bytes:
        """The end of what it printed."""
        handle = self._said.fileno()
        return os.pread(handle, _SHOWN, max(0, os.fstat(handle).st_size - _SHOWN))


@dataclass(slots=True)
class Acts:
    """command: how `rollback` is started, with the playbook; what an act adds stands behind it."""

    command: Sequence[str]
    begun: dict[int, Act] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def begin(self, environment: str, form: Mapping[str, str]) -> Act:
        """Raises: NotAgreed."""
        if form.get("confirm") != environment:
            raise NotAgreed(f"nothing was done: the environment's name, {environment}, was not typed")
        words = _words(form, (f"--env={environment}", "--yes"))
        said = tempfile.TemporaryFile()  # noqa: SIM115 open as long as the act is remembered
        process = subprocess.Popen(
            [*self.command, *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C that ends the dashboard is not meant for it
        )
        act = Act(next(self._numbers), environment, words, datetime.now(UTC), process, said)
        self.begun[act.number] = act
        return act

    def pulse(self) -> object:
        return tuple((one.number, one.code, len(one.said)) for one in self.begun.values())


def _words(form: Mapping[str, str], everywhere: tuple[str, ...]) -> tuple[str, ...]:
    """A value stands in one word with its option, or behind `--`, so that none is taken for an option."""
    reason, tag, deed = form.get("reason", ""), form.get("tag", ""), form.get("deed", "")
    if any("\0" in one for one in (reason, tag)):
        raise NotAgreed("nothing was done: a NUL can be no part of a tag or a reason")
    if deed != "rollback" and not reason.strip():
        raise NotAgreed("nothing was done: a reason is missing; it is kept in the ledger")
    if deed in {"mark good", "mark bad"} and not tag:
        raise NotAgreed("nothing was done: a release's tag is missing")
    match deed:
        case "rollback":
            return (*((f"--to={tag}",) if tag else ()), *((f"--reason={reason}",) if reason else ()), *everywhere)
        case "freeze" | "unfreeze":
            return (deed, f"--reason={reason}", *everywhere)
        case "mark good" | "mark bad":
            return ("mark", f"--reason={reason}", *everywhere, "--", deed.removeprefix("mark "), tag)
    raise NotAgreed("nothing was done: there is no such deed here")
