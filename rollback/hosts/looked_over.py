"""From a host's answer to `inspect` to its Condition. What does not fit is left out: a host is not trusted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from rollback.core.condition import Condition, Keeping, Kept, Right, Room
from rollback.hosts import requests
from rollback.hosts.pool import Lost, Pool
from rollback.hosts.protocol import Answer
from rollback.hosts.requests import Shared
from rollback.hosts.sentences import Sentence, sentence
from rollback.hosts.sudo import questions, right
from rollback.model import Host, Release
from rollback.text import clean_line

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)


def looking_over(
    pool: Pool, hosts: Iterable[Host], releases: tuple[Release, ...], shared: Shared
) -> Callable[[], tuple[Condition, ...]]:
    """Begin to look them over and do not wait; the answers, one a host whatever happens, come by calling."""
    by_name = {host.name: host for host in hosts}

    def one(name: str) -> Condition:
        began, start = pool.pace.now(), pool.pace.monotonic()
        answer = pool.ask(name, requests.inspect(by_name[name], releases, shared))
        return looked_over(by_name[name], answer, began, pool.pace.monotonic() - start)

    return pool.pace.aside(lambda: pool.each(tuple(by_name), one))


def looked_over(host: Host, answer: Answer | Lost, began: datetime, took: float) -> Condition:
    """began: when the question was put, UTC. took: seconds until the answer was here."""
    if isinstance(answer, Lost) or answer.status != "ok":
        said = Sentence(answer.sentence, answer.hint) if isinstance(answer, Lost) else sentence(answer, host)
        return Condition(host.name, began, said.text + (f" ({said.hint})" if said.hint else ""))
    trip = _round_trip(answer, took)
    return Condition(
        host.name,
        began,
        round_trip=trip,
        offset=_offset(answer, began, trip),
        lacking=_named(answer, "lacks"),
        unwritable=_named(answer, "unwritable"),
        free=_free(answer),
        tree=_tree(answer),
        missing=_named(answer, "missing"),
        rights=tuple(_rights(host, answer)),
        kept=tuple(_kept(answer)),
    )


def _named(answer: Answer, key: str) -> tuple[str, ...]:
    return tuple(clean_line(one) for one in answer.all(key))


def _round_trip(answer: Answer, took: float) -> float:
    """Without the host's own work, which it measures by its uptime, in hundredths of a second."""
    words = _numbers(answer, "worked", 2)
    return max(0.0, took - (words[1] - words[0])) if words else took


def _offset(answer: Answer, began: datetime, trip: float) -> tuple[float, float]:
    """It read its clock, which shows whole seconds, at some moment of the round trip."""
    words = _numbers(answer, "clock", 1)
    if not words:
        return (0.0, 0.0)
    ahead = words[0] - began.timestamp()
    return (ahead - trip, ahead + 1.0)


def _free(answer: Answer) -> Room | None:
    words = _numbers(answer, "free", 3)
    return Room(int(words[0]) * int(words[1]), int(words[2])) if words else None


def _tree(answer: Answer) -> Room | None:
    words = _numbers(answer, "tree", 2)
    return Room(int(words[0]) * 1024, int(words[1])) if words else None


def _numbers(answer: Answer, key: str, count: int) -> tuple[float, ...]:
    """None at all when one of them is none."""
    words = (answer.first(key) or "").split(" ")
    fit = len(words) == count and all(_NUMBER.fullmatch(word) for word in words)
    return tuple(map(float, words)) if fit else ()


def _rights(host: Host, answer: Answer) -> Iterator[Right]:
    """In the order of the questions; what was not asked, or not answered, can't be told."""
    answers = iter(answer.all("right"))
    for question in questions(host.restart):
        status, _, said = (next(answers, "") if question.words else "").partition(" ")
        if not _NUMBER.fullmatch(status):
            yield Right(question.command, None, "whether sudo allows it can't be told beforehand")
        else:
            yield right(question, int(float(status)), said, answer.all("grant"))


def _kept(answer: Answer) -> Iterator[tuple[str, Kept]]:
    for line in answer.all("kept"):
        name, _, said = line.partition(" ")
        word, _, rest = said.partition(" ")
        match word:
            case "damaged":
                yield name, Kept(Keeping.DAMAGED, _damage(*rest.partition(" ")[::2]))
            case "unread":
                yield name, Kept(Keeping.UNREAD, clean_line(rest))
            case "absent" | "intact":
                yield name, Kept(Keeping(word))


def _damage(number: str, path: str) -> str:
    if number == "1":
        return f"1 entry differs from its manifest: {clean_line(path)}"
    return f"{clean_line(number, 15)} entries differ from its manifest, one is {clean_line(path)}"
