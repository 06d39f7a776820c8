"""What checks need of the time before a switch: where a log stood, how the previous release did. It judges nothing.

Nothing here may stop an operation, least of all a rollback: what could not be seen is remembered as missed, and its
check says so later.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rollback.checks import load, logs
from rollback.checks.crowd import concurrently, in_time
from rollback.checks.question import Missed, NoAnswer, Question
from rollback.checks.turns import by_place
from rollback.model import Release

if TYPE_CHECKING:
    from rollback.playbook.check import Check

_PATIENCE = 3.0  # seconds that a switch waits for the logs' ends: a host that is away must not hold up the others
Key = tuple[str, tuple[str, ...], str | None, str]


def marks(check: Check) -> bool:
    """It reads a log since the last switch."""
    return check.logs is not None


def compares(check: Check) -> bool:
    """It compares a new release with the one before."""
    return check.load is not None and check.load.compares


class Before:
    """By check, case, place and the release that is switched to: a way back to another one is not compared with it."""

    def __init__(self) -> None:
        self._seen: dict[Key, object] = {}

    def of(self, question: Question, release: Release | None) -> object:
        """What was seen for it, Missed, or None when nothing was looked at."""
        return self._seen.get(_key(question, release)) if release else None

    def look(self, release: Release, bursts: Sequence[Question], ends: Sequence[Question]) -> None:
        """Before this release is switched on. Bursts in turn, as they will be asked afterwards: at once they would slow
        each other down. The logs' ends last, as near to the switch as can be."""
        new = [question for question in bursts if _key(question, release) not in self._seen]
        for view in ([q for q in new if q.host], [q for q in new if not q.host]):
            places = by_place(view)
            for questions, seen in zip(places, concurrently(_saw_each, places), strict=True):
                self._enter(release, questions, seen)
        self._enter(release, ends, in_time(_saw, ends, _PATIENCE))

    def _enter(self, release: Release, questions: Sequence[Question], seen: Sequence[object]) -> None:
        for question, one in zip(questions, seen, strict=True):
            self._seen[_key(question, release)] = one or Missed(f"no answer within {_PATIENCE:g} s")


def _key(question: Question, release: Release) -> Key:
    host = question.host.name if question.host else None
    return question.check.name, tuple(question.case.values()), host, release.id


def _saw_each(questions: Sequence[Question], stop: threading.Event) -> list[object]:
    return [_saw(question, stop) for question in questions]


def _saw(question: Question, stop: threading.Event) -> object:
    look = load.baseline if question.check.load else logs.end
    try:
        return look(replace(question.with_its_case(), stopped=stop.is_set))
    except NoAnswer as none:
        return Missed(none.said.observed)
    except Exception as error:  # even a mistake of ours must not keep a rollback from its switch
        return Missed(str(error) or type(error).__name__)
