"""What a command answers, and the one place where it is printed and turned into an exit code, errors included."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollback.cli import afterwards, outlet
from rollback.cli.options import Options
from rollback.cli.outlet import console
from rollback.errors import (
    Abandoned,
    LeaseHeld,
    NotAdmitted,
    OutsideProtocol,
    PlaybookInvalid,
    Refused,
    RollbackError,
    Unreachable,
    UsageError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from rollback.core.explain import Explanation


@dataclass(frozen=True, slots=True)
class Reply:
    """data: for `--json`. shown: what a person reads on stdout: strings, or rich's tables and texts.
    message: one sentence; hint: the next command to type. why: what CI is told beside that. head: the name of the
    ledger's last record, which proves the history before it."""

    data: object = None
    shown: tuple[object, ...] = ()
    exit_code: int = 0
    message: str = ""
    hint: str = ""
    why: Explanation | None = None
    head: str = ""


def answer(command: str, function: Callable[..., Reply], options: Options, given: dict[str, Any]) -> int:
    """Call the command, print what it answers, and give the exit code. `junit`: a file for a report."""
    wanted, junit = given.pop("junit", None), None
    try:
        if wanted is not None:
            from rollback.cli.ci import begin

            junit = begin(wanted)
        reply = function(options, **given)
    except RollbackError as error:
        reply = Reply(None, (), error.exit_code, str(error), error.hint)
        complain(options, error)
    except KeyboardInterrupt as interruption:
        from rollback.report.words import CAUTION

        said = "interrupted; nothing live was changed"
        reply = Reply(None, (), 128 + getattr(interruption, "signal", 2), said, "rollback status")
        _say(options, f"\n{said}", CAUTION)
    except BrokenPipeError:
        return _pipe_closed()
    except Exception as error:  # the last resort: nothing may end in a traceback on a user's terminal
        reply = Reply(None, (), 1, outlet.kept(error), "rollback status")
        _say(options, reply.message, "red")
    code = finish(command, reply, options, junit)
    afterwards.settled(lambda said: _say(options, f"! {said}"))
    return code


def finish(command: str, reply: Reply, options: Options, junit: Path | None = None) -> int:
    """Print the answer: data on stdout, the next command on stderr; and tell the CI. Gives the exit code."""
    code = _print(command, reply, options)
    if junit is not None or outlet.in_actions():
        from rollback.cli.ci import report

        report(command, reply, junit, lambda said: _say(options, said, "red"))
    return code


def _print(command: str, reply: Reply, options: Options) -> int:
    try:
        if options.json:
            from rollback.report.data import envelope

            whole = envelope(command, reply.exit_code, reply.message, reply.hint, reply.data, outlet.fit)
            outlet.line(whole)
        else:
            _show(reply, options)
    except BrokenPipeError:
        return _pipe_closed()
    except OSError as error:  # the terminal is gone, or the disk is full: what was done is done all the same
        outlet.closed()
        _say(options, f"the answer could not be written: {error.strerror}", "red")
    if reply.head and "CI" in os.environ and not options.json:
        _say(options, f"  ledger    {reply.head}")
    if reply.hint and not (options.json or (options.quiet and reply.exit_code == 0)):
        _say(options, f"  next      {reply.hint}")
    return reply.exit_code


def _show(reply: Reply, options: Options) -> None:
    if reply.shown:
        from rollback.report.layout import put

        out = console(options)
        for one in reply.shown:
            put(out, one)


def _pipe_closed() -> int:
    outlet.closed()
    return 141


def complain(options: Options, error: RollbackError) -> None:
    """What went wrong, on stderr; what to do next comes with the reply."""
    faults = isinstance(error, PlaybookInvalid)
    _say(options, str(error) if faults else f"{_kind(error)}: {error}", "red")


def _kind(error: RollbackError) -> str:
    """What happened, in a word or two. That a host did not answer says nothing of what was changed."""
    kinds = {
        Unreachable: "not reachable",
        NotAdmitted: "not admitted",
        OutsideProtocol: "not understood",
        Abandoned: "abandoned, nothing live changed",
        LeaseHeld: "held",
        Refused: "refused",
        UsageError: "usage",
    }
    return next((said for kind, said in kinds.items() if isinstance(error, kind)), "error")


def _say(options: Options, text: str, style: str = "") -> None:
    from rollback.report.layout import put

    put(console(options, stderr=True), text, style)
