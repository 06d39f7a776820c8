"""The check `running`: the fleet's own proof that no process on a host still lives in another release's folder."""

from __future__ import annotations

from rollback.checks.question import Question, Said
from rollback.errors import UsageError
from rollback.model import Result


def ask(question: Question) -> Said:
    """Raises: HostError, UsageError.

    An old process is waited for: a graceful restart lets it finish its last requests. One that stays is a failure.
    """
    assert question.host is not None
    if question.release is None:
        raise UsageError("it is not known which release is live here")
    found = question.ports.running(question.host.name, question.release)
    settled = found.result is Result.PASS
    return Said(found.result, found.observed, found.expected, question.opening(found.evidence), settled)
