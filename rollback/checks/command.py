"""The check `command`: a shell command in `current` on a host, and what it ended with beside what is expected."""

from __future__ import annotations

from rollback.checks.expect import of_ran
from rollback.checks.question import Question, Ran, Said
from rollback.errors import UsageError
from rollback.model import Result


def ask(question: Question) -> Said:
    """Raises: HostError, UsageError."""
    check, host, release = question.check, question.host, question.release
    assert check.command is not None
    assert host is not None
    if release is None:
        raise UsageError("it is not known which release is live here")
    ran = question.ports.command(host.name, question.fill_shell(check.command), release, check.timeout)
    if ran.exit_status is None:
        return Said(
            Result.ERROR, "it is not known how the command ended", evidence=_evidence(question, ran), settled=False
        )
    for mismatch in of_ran(check.expect, ran, question):
        return Said(Result.FAIL, mismatch.observed, mismatch.expected, _evidence(question, ran))
    return Said(Result.PASS, f"exit status {ran.exit_status}")


def _evidence(question: Question, ran: Ran) -> str:
    return question.ending("\n".join(text.rstrip() for text in (ran.stdout, ran.stderr) if text.strip()))
