"""What `logs.sh` answers, read. A host is not trusted: what does not fit is an error, and never a good count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rollback.checks.question import NoAnswer, Said
from rollback.model import Result
from rollback.text import clean_line

_NUMBER = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tail:
    """new: kinds of exceptions that were never seen before; exceptions: the most frequent of them. lines: as they came.
    absent: there is no such log. lost: a part of what was written since is gone. cut: there was more than is read."""

    count: int = 0
    total: int = 0
    new: int = 0
    exceptions: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    absent: bool = False
    lost: bool = False
    cut: bool = False


def tail(told: str) -> Tail:
    """Raises: NoAnswer, for an answer without its end."""
    words = [tuple(line.partition(" ")[::2]) for line in told.splitlines()]
    keys = [key for key, _ in words]
    if "absent" in keys:
        return Tail(absent=True)
    if not words or words[-1] != ("end", ""):
        raise _unreadable("its answer has no end")
    new, exceptions = _number(words, "new"), tuple(_exceptions(words))
    if new and not exceptions:
        raise _unreadable("it names no exception")
    return Tail(
        count=_number(words, "count"),
        total=_number(words, "total"),
        new=new,
        exceptions=exceptions,
        lines=tuple(text for key, text in words if key in {"sample", "line"}),
        lost="lost" in keys,
        cut="cut" in keys,
    )


def _number(words: list[tuple[str, ...]], key: str) -> int:
    """0 when it was not asked for."""
    found = next((text for name, text in words if name == key), "0")
    if not _NUMBER.fullmatch(found):
        raise _unreadable(f"{key} {clean_line(found, 40)} is no number")
    return int(found)


def _exceptions(words: list[tuple[str, ...]]) -> Iterator[str]:
    """`KeyError in login (shop.py), 214 times`"""
    for key, text in words:
        if key == "exception":
            times, _, signature = text.partition(" ")
            yield f"{clean_line(signature, 200)}, {'once' if times == '1' else f'{clean_line(times, 12)} times'}"


def _unreadable(why: str) -> NoAnswer:
    return NoAnswer(Said(Result.ERROR, f"the log could not be counted: {why}", "its lines", settled=False))
