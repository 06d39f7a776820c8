"""What a host did, or not, as a Finding: `pass`, `fail`, `skipped` (certainly not done) or `error` (nobody knows)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rollback.hosts.pace import Pace
from rollback.hosts.pool import Lost
from rollback.hosts.protocol import Answer
from rollback.hosts.reading import lines
from rollback.hosts.sentences import FAILURES, REFUSALS, Sentence, sentence
from rollback.model import Finding, Host, Release, Result
from rollback.text import clean, clean_line

_EVIDENCE = 2000  # characters, the last ones
_STRAYS = 5  # processes that are named


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to one host, and when it was put. redact: strikes the secrets out."""

    check: str
    host: Host
    at: datetime
    began: float
    redact: Callable[[str], str]
    pace: Pace

    def found(self, result: Result, observed: str, evidence: str = "") -> Finding:
        return Finding(
            self.check,
            result,
            self.at,
            self.host.name,
            observed=clean_line(self.redact(observed)),
            evidence=clean(self.redact(evidence), _EVIDENCE),
            took=self.pace.monotonic() - self.began,
        )


def asked(check: str, host: Host, redact: Callable[[str], str], pace: Pace) -> Asked:
    return Asked(check, host, pace.now(), pace.monotonic(), redact, pace)


def of_change(question: Asked, answer: Answer | Lost, done: str) -> Finding:
    """What became of a verb that changes something. done: what it is called when all went well."""
    if isinstance(answer, Lost):
        observed = _said(Sentence(answer.sentence, answer.hint))
        return question.found(Result.ERROR if answer.sent else Result.SKIPPED, observed)
    match answer.status:
        case "ok":
            return question.found(Result.PASS, done, lines(answer, "out"))
        case "already":
            return question.found(Result.PASS, "already there")
        case _:
            return question.found(_result(answer), _said(sentence(answer, question.host)), lines(answer, "out"))


def _result(answer: Answer) -> Result:
    """A refusal says that nothing was done, unless an earlier try of ours may have, or it came halfway.

    A status that is not known says nothing."""
    if answer.status in FAILURES:
        # A drain that fails says nothing about the release: it was never switched on.
        return Result.ERROR if answer.all("did") == ("drain",) else Result.FAIL
    if answer.status not in REFUSALS or answer.uncertain or answer.first("did"):
        return Result.ERROR
    return Result.SKIPPED


def of_running(question: Asked, answer: Answer | Lost, release: Release) -> Finding:
    if isinstance(answer, Lost) or answer.status != "ok":
        return _unknown(question, answer)
    strays = [one.split(" ", 2) for one in answer.all("stray")]
    if strays:
        named = "; ".join(" ".join(words) for words in strays[:_STRAYS])
        return question.found(Result.FAIL, f"{len(strays)} processes live in another release's folder", named)
    own = answer.first("own") or "0"
    if own == "0":
        return question.found(Result.INCONCLUSIVE, f"no process that lives in {clean_line(release.tag)} could be seen")
    return question.found(Result.PASS, f"{own} processes, all of {clean_line(release.tag)}")


def _unknown(question: Asked, answer: Answer | Lost) -> Finding:
    said = Sentence(answer.sentence, answer.hint) if isinstance(answer, Lost) else sentence(answer, question.host)
    return question.found(Result.ERROR, _said(said))


def _said(said: Sentence) -> str:
    return said.text + (f" ({said.hint})" if said.hint else "")
