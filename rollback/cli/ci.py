"""What a CI is told beside the answer: a JUnit report, and on GitHub a summary, annotations and outputs.

It never changes how a command ends: what can't be written is said, and that is all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rollback.cli import outlet
from rollback.errors import UsageError
from rollback.report import ending, github
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.cli.reply import Reply
    from rollback.core.explain import Explanation

Complain = Callable[[str], None]


def begin(junit: Path) -> Path:
    """Before anything is done: a report of an earlier run says nothing of this one. Raises: UsageError."""
    try:
        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.write_bytes(b"")
    except OSError as error:
        where = clean_line(str(junit))
        raise UsageError(f"--junit: {where} can't be written: {error.strerror}", hint="--junit FILE") from error
    return junit


def report(command: str, reply: Reply, junit: Path | None, complain: Complain) -> None:
    """complain: says a sentence on stderr."""
    why = _fit(reply.why)
    message = outlet.fit(reply.message)
    if junit is not None:
        from rollback.report.junit import junit as written

        _write(junit, "w", written(command, reply.exit_code, message, why), complain)
    if outlet.in_actions() and (why is not None or reply.exit_code):
        _tell_github(command, reply, message, why, complain)


def _fit(why: Explanation | None) -> Explanation | None:
    from rollback.ledger.scrub import scrubbed

    return scrubbed(why, outlet.secrets().redact)


def _tell_github(command: str, reply: Reply, message: str, why: Explanation | None, complain: Complain) -> None:
    for one in github.marks(command, reply.exit_code, message, why):
        outlet.workflow_command(one)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        from rollback.report.markdown import markdown

        text = markdown(_mark(reply, why), message, outlet.fit(reply.hint), why)
        text += f"\nLedger: <code>{reply.head}</code>\n" if reply.head else ""
        _write(Path(summary), "a", text, complain)
    if outputs := os.environ.get("GITHUB_OUTPUT"):
        _write(Path(outputs), "a", github.outputs(reply.exit_code, why, reply.head), complain)


def _mark(reply: Reply, why: Explanation | None) -> str:
    if why is None:
        return ending.OTHERS[0] if reply.exit_code else "✓"
    return ending.MARKS.get(why.outcome, ending.OTHERS)[0]


def _write(path: Path, mode: str, text: str, complain: Complain) -> None:
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        complain(f"{clean_line(str(path))} could not be written: {error.strerror}")
