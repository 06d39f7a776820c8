"""What GitHub Actions understands: annotations, a step's outputs, and what must not be taken for a command.

The syntax and its escapes: docs.github.com/actions, "Workflow commands"; the runner reads stdout and stderr alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rollback.core.explain import Explanation
from rollback.core.judge import label
from rollback.model import Grade, Outcome
from rollback.report import words
from rollback.report.evidence import worst
from rollback.text import clean_line

_TOP = 3  # findings beside the verdict; GitHub shows ten errors a step
# A command is a line that begins with `::`; an older form stands anywhere in a line: `##[error]`.
_COMMANDS = re.compile(r"^(\s*):(?=:)|##(?=\[)", re.MULTILINE)
_WITHOUT = {2: Outcome.REFUSED, 3: Outcome.REFUSED, 4: Outcome.REFUSED, 5: Outcome.ABANDONED}


def inert(text: str) -> str:
    """The same with what the runner would carry out pulled apart."""
    return _COMMANDS.sub(lambda found: f"{found[0]} ", text)


def marks(command: str, exit_code: int, message: str, why: Explanation | None) -> Iterable[str]:
    """One for the verdict, and one for each of the findings that count most."""
    yield _annotation("error" if exit_code else "notice", f"rollback {command}", message)
    if why is not None and why.verdict.grade is not Grade.GOOD:
        for one in worst(why.verdict.findings)[:_TOP]:
            yield _annotation("error", label(one.telling), words.said(one.telling))


def _annotation(level: str, title: str, message: str) -> str:
    return f"::{level} title={_escaped(title).replace(':', '%3A').replace(',', '%2C')}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return clean_line(text, 1000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def outputs(exit_code: int, why: Explanation | None, head: str = "") -> str:
    """For $GITHUB_OUTPUT: `outcome`, `tag`, `rolled_back_to`, `operation` and `ledger_head`, each on a line; what is
    not known is empty."""
    to = why.restored if why else None
    outcome = why.outcome if why else _WITHOUT.get(exit_code)
    values = {
        "outcome": outcome or ("interrupted" if exit_code > 127 else "error"),
        "tag": why.target.tag if why and why.target else "",
        "rolled_back_to": to.tag if to else "",
        "operation": why.operation if why else "",
        "ledger_head": head,
    }
    return "".join(f"{name}={clean_line(value)}\n" for name, value in values.items())
