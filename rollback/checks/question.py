"""What is asked of whom, and what was said: the values that pass between the gate and the kinds of check.

Here a playbook's texts get their values and secrets, and everything that leaves loses its secrets again.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rollback.model import Finding, Host, Release, Result
from rollback.playbook.template import PLACE, render, render_shell
from rollback.text import clean

if TYPE_CHECKING:
    from rollback.playbook.check import Check
    from rollback.playbook.secrets import Secrets

EVIDENCE = 1024  # characters
_IN_QUOTES = str.maketrans({"\\": r"\\", '"': r"\x22", "'": r"\x27"})


class Ran(Protocol):
    """What a command on a host did. exit_status: None when nobody knows."""

    @property
    def exit_status(self) -> int | None: ...
    @property
    def stdout(self) -> str: ...
    @property
    def stderr(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Through what hosts are asked; the fleet's own methods in real life. They raise HostError."""

    dial: Callable[[str, str, int], socket.socket]
    command: Callable[[str, str, Release, float], Ran]
    running: Callable[[str, Release], Finding]


@dataclass(frozen=True, slots=True)
class Question:
    """One check, one case, one vantage. host: None is the users' view. release: None when the hosts differ.

    url: the environment's, secrets not yet filled in. case: as it was written. values: of `{{…}}`. before: what its
    kind saw before the switch, Missed, or None when it did not look. folder: where the user's own suites are run.
    stopped: nobody waits for the answer any more.
    """

    check: Check
    secrets: Secrets
    ports: Ports
    url: str | None = None
    host: Host | None = None
    release: Release | None = None
    case: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    before: object = None
    folder: Path = Path()
    stopped: Callable[[], bool] = bool  # never is

    def fill(self, text: str) -> str:
        """`text` with its values and secrets. A value is never searched for secrets: it may come from an answer.

        Raises: UsageError, for a name or a variable that is not known.
        """
        return self._filled(text, render)

    def fill_pattern(self, text: str) -> str:
        """The same for a regular expression: a value stands for itself, `v1.0+2` too."""
        return self._filled(text, lambda place, values: re.escape(render(place, values)))

    def fill_quoted(self, text: str) -> str:
        """The same for a query language: what would end a quoted string is escaped, in the way that PromQL reads."""
        return self._filled(text, lambda place, values: render(place, values).translate(_IN_QUOTES))

    def fill_shell(self, text: str) -> str:
        """Values only, and only those that a shell reads as one word; secrets reach a command as its variables."""
        return render_shell(text, self.values)

    def _filled(self, text: str, place: Callable[[str, Mapping[str, str]], str]) -> str:
        parts, at = [], 0
        for found in PLACE.finditer(text):
            parts += [self.secrets.resolve(text[at : found.start()]), place(found[0], self.values)]
            at = found.end()
        return "".join([*parts, self.secrets.resolve(text[at:])])

    def knowing(self, more: Mapping[str, str]) -> Question:
        """The same question with more values."""
        return replace(self, values={**self.values, **more})

    def with_its_case(self) -> Question:
        """The same question, knowing what its case says. Raises: UsageError, for a secret that is not set."""
        url = {"url": self.fill(self.values["url"])} if "url" in self.values else {}
        known = self.knowing(url)
        return known.knowing({name: known.fill(text) for name, text in self.case.items()})

    def opening(self, text: str) -> str:
        """The first of an answer, as evidence. Redacted before it is cut: half a secret would not be recognised."""
        return clean(self.secrets.redact(text)[:EVIDENCE])

    def ending(self, text: str) -> str:
        """The last of an output, as evidence."""
        return clean(self.secrets.redact(text.rstrip())[-EVIDENCE:])


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a question. settled: False when waiting may change it (no connection, a 503): only that is retried.

    silent: nobody took the connection.

    observed and expected: as they came; evidence: already redacted, cut and cleaned.
    """

    result: Result
    observed: str = ""
    expected: str = ""
    evidence: str = ""
    settled: bool = True
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Missed:
    """Why nothing was seen before the switch."""

    why: str


class NoAnswer(Exception):
    """Raised inside a kind of check when it can't go on; `said` is then what came of the question."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.observed)
        self.said = said


def not_yet(why: str) -> NoAnswer:
    """The app did not answer, and may when it is asked again."""
    return NoAnswer(Said(Result.FAIL, why, "an answer", settled=False))


def nobody(why: str) -> NoAnswer:
    """The same, where nobody took the connection."""
    return NoAnswer(Said(Result.FAIL, why, "an answer", settled=False, silent=True))
