"""One question to its kind of check -> what came of it: the one place where refusals and troubles become answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rollback.checks import command, exec, flow, http, load, logs, prometheus, running, tcp
from rollback.checks.question import NoAnswer, Question, Said
from rollback.errors import HostError, NotAdmitted, UsageError
from rollback.model import Result
from rollback.playbook.scope import texts
from rollback.playbook.template import names

if TYPE_CHECKING:
    from rollback.playbook.check import Check

Kinds = Mapping[str, Callable[[Question], Said]]
_KINDS: Kinds = {
    "http": http.ask,
    "flow": flow.ask,
    "command": command.ask,
    "tcp": tcp.ask,
    "running": running.ask,
    "logs": logs.ask,
    "prometheus": prometheus.ask,
    "load": load.ask,
    "exec": exec.ask,
}
_PREVIOUS = "previous."


def ask(question: Question, kinds: Kinds = _KINDS) -> Said:
    """What came of it, whatever that is. Only what may change by itself is left unsettled."""
    try:
        if "previous.id" not in question.values and _of_before(question.check):
            return Said(Result.SKIPPED, "no release was live here before")
        return kinds[question.check.kind](question.with_its_case())
    except NoAnswer as none:
        return none.said
    except HostError as error:
        return Said(Result.ERROR, str(error), "an answer", settled=isinstance(error, NotAdmitted))
    except UsageError as error:
        return Said(Result.ERROR, f"{error} ({error.hint})" if error.hint else str(error))


def _of_before(check: Check) -> frozenset[str]:
    """The names that only a release which was live before has values for."""
    return frozenset(name for _, text in texts(check) for name in names(text) if name.startswith(_PREVIOUS))
