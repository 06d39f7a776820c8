"""Questions are put, a few at a time, and come back as replies: dated, redacted and cleaned. It judges nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollback.checks.crowd import Crowd
from rollback.checks.gate import Reply
from rollback.checks.question import Question, Said
from rollback.checks.turns import parted
from rollback.model import Finding, Result
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.secrets import Secrets

_AT_ONCE = 4  # questions to one vantage; an sshd allows ten sessions on a connection
Ask = Callable[[Question], Said]


@dataclass(frozen=True, slots=True)
class Asking:
    """ask: one question to its kind. clock: seconds, monotonic."""

    ask: Ask
    crowd: Crowd
    clock: Callable[[], float]
    secrets: Secrets

    def quick(self, questions: Sequence[Question], stop: threading.Event) -> tuple[Reply, ...]:
        """Only what takes no time, and disturbs nobody."""
        return self.crowd(lambda question, _: self.put(question, stop), parted(questions)[0], _AT_ONCE)

    def alone(self, questions: Sequence[Question], stop: threading.Event) -> tuple[Reply, ...]:
        """Only what `quick` leaves out, one after the other."""
        return self.crowd(lambda question, _: self.put(question, stop), parted(questions)[1], 1)

    def put(self, question: Question, stop: threading.Event) -> Reply:
        begun = self.clock()
        return self._reply(question, self.ask(replace(question, stopped=stop.is_set)), begun)

    def put_off(self, questions: Sequence[Question]) -> tuple[Reply, ...]:
        """What would be asked alone is not asked now."""
        why = "not asked while other checks still wait for their answers"
        said = Said(Result.INCONCLUSIVE, why, settled=False)
        return tuple(self._reply(question, said, self.clock()) for question in parted(questions)[1])

    def _reply(self, question: Question, said: Said, begun: float) -> Reply:
        finding = Finding(
            check=question.check.name,
            result=said.result,
            at=datetime.now(UTC),
            host=question.host.name if question.host else None,
            case=clean_line(", ".join(question.case.values())) if question.case else None,
            observed=self._shown(said.observed),
            expected=self._shown(said.expected),
            evidence=said.evidence,
            took=self.clock() - begun,
            required=question.check.severity == "required",
        )
        return Reply(finding, said.settled, said.silent)

    def _shown(self, text: str) -> str:
        return clean_line(self.secrets.redact(text))
