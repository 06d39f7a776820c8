"""One question to its kind of check -> what came of it: the one place where refusals and troubles become answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rollback.checks import command, flow, http, running, tcp
from rollback.checks.question import NoAnswer, Question, Said
from rollback.errors import HostError, NotAdmitted, UsageError
from rollback.model import Result
from rollback.playbook.scope import texts
from rollback.playbook.template import names

if TYPE_CHECKING:
    from rollback.playbook.check import Check

_KINDS: Mapping[str, Callable[[Question], Said]] = {
    "http": http.ask,
    "flow": flow.ask,
    "command": command.ask,
    "tcp": tcp.ask,
    "running": running.ask,
}
_PREVIOUS = "previous."


def refuse_unbuilt(check: Check) -> None:
    """Raises: UsageError, for a kind that can't be asked yet."""
    if check.kind not in _KINDS:
        raise UsageError(
            f"check {check.name}: checks of kind {check.kind} are not built yet",
            hint="leave it out of the playbook for now",
        )


def ask(question: Question) -> Said:
    """What came of it, whatever that is. Only what may change by itself is left unsettled."""
    try:
        if _of_before(question.check) - question.values.keys():
            return Said(Result.SKIPPED, "no release was live here before")
        return _KINDS[question.check.kind](_with_its_case(question))
    except NoAnswer as none:
        return none.said
    except HostError as error:
        return Said(Result.ERROR, str(error), "an answer", settled=isinstance(error, NotAdmitted))
    except UsageError as error:
        return Said(Result.ERROR, f"{error} ({error.hint})" if error.hint else str(error))


def _with_its_case(question: Question) -> Question:
    """Raises: UsageError, for a secret that is not set."""
    url = {"url": question.fill(question.values["url"])} if "url" in question.values else {}
    known = question.knowing(url)
    return known.knowing({name: known.fill(text) for name, text in question.case.items()})


def _of_before(check: Check) -> frozenset[str]:
    """The names that only a release which was live before has values for."""
    return frozenset(name for _, text in texts(check) for name in names(text) if name.startswith(_PREVIOUS))
