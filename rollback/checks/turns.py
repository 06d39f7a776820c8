"""Who is asked when: what takes long and would disturb the others is asked after them, one at a time in each place."""

from __future__ import annotations

from collections.abc import Sequence

from rollback.checks.question import Question

_ALONE = {"load", "exec"}


def parted(questions: Sequence[Question]) -> tuple[list[Question], list[Question]]:
    """Those that are asked at once, and those that are asked alone."""
    quick = [question for question in questions if question.check.kind not in _ALONE]
    return quick, [question for question in questions if question.check.kind in _ALONE]


def by_place(questions: Sequence[Question]) -> list[list[Question]]:
    """The questions of each host, and those of the users' view."""
    places: dict[str | None, list[Question]] = {}
    for question in questions:
        places.setdefault(question.host.name if question.host else None, []).append(question)
    return list(places.values())
