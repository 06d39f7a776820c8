"""One question to its kind of check -> what came of it: the one place where refusals and troubles become answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from rollback.checks import command, exec, flow, http, load, logs, prometheus, running, tcp
from rollback.checks.question import NoAnswer, Question, Said
from rollback.errors import HostError, NotAdmitted, UsageError
from rollback.model import Result
from rollback.playbook.scope import texts
from rollback.playbook.template import names
from rollback.text import hosts

if TYPE_CHECKING:
    from rollback.playbook.check import Check

_KINDS: Mapping[str, Callable[[Question], Said]] = {
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


def ask(question: Question) -> Said:
    """What came of it, whatever that is. Only what may change by itself is left unsettled.

    Where nobody takes a connection to the url while the hosts behind it answer themselves, no release failed.
    """
    said = _asked(question)
    unreached = said.unreached and said.result is Result.FAIL
    if not unreached or not question.witnesses or not all(map(_answers, question.witnesses)):
        return said
    where = hosts([one.host.name for one in question.witnesses if one.host])
    observed = f"{said.observed}, though asked directly {where} answered: is the load balancer up?"
    return replace(said, result=Result.ERROR, observed=observed)


def _answers(witness: Question) -> bool:
    return _asked(witness).result is Result.PASS


def _asked(question: Question) -> Said:
    try:
        if _of_before(question.check) - question.values.keys():
            return Said(Result.SKIPPED, "no release was live here before")
        return _KINDS[question.check.kind](question.with_its_case())
    except NoAnswer as none:
        return none.said
    except HostError as error:
        return Said(Result.ERROR, str(error), "an answer", settled=isinstance(error, NotAdmitted))
    except UsageError as error:
        return Said(Result.ERROR, f"{error} ({error.hint})" if error.hint else str(error))


def _of_before(check: Check) -> frozenset[str]:
    """The names that only a release which was live before has values for."""
    return frozenset(name for _, text in texts(check) for name in names(text) if name.startswith(_PREVIOUS))
