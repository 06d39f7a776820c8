"""From a host's answer to our nouns. Hosts are not trusted: what does not fit is left out, or outside the protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from os import fsdecode
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from rollback.errors import OutsideProtocol
from rollback.hosts.protocol import Answer
from rollback.hosts.sentences import sentence
from rollback.model import Host, Intent, LeaseSeen, Release, Sighting
from rollback.text import clean

_ID = re.compile(r"[A-Za-z0-9_+@=,%-][A-Za-z0-9._+@=,%-]{0,239}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command on a host did. exit_status: None when nobody knows. The texts are its last 16 KiB, cleaned."""

    exit_status: int | None
    stdout: str = ""
    stderr: str = ""


def sighting(host: Host, answer: Answer) -> Sighting:
    """Raises OutsideProtocol for an answer with a field that is none."""
    if answer.status != "ok":
        said = sentence(answer, host)
        return Sighting(host.name, problem=said.text + (f" ({said.hint})" if said.hint else ""))
    try:
        return Sighting(
            host.name,
            live=_id_or_none(answer.first("live")),
            previous=_id_or_none(answer.first("previous")),
            releases=tuple(filter(None, map(_release, answer.all("release")))),
            partial=tuple(map(_id, answer.all("partial"))),
            lease=next((_lease(one.split(" ")) for one in answer.all("lease")), None),
            intent=next((_intent(one.split(" ")) for one in answer.all("intent")), None),
            free_bytes=_free(answer)[0],
            free_inodes=_free(answer)[1],
            journals=MappingProxyType(dict(_journals(answer))),
        )
    except ValueError as error:
        raise OutsideProtocol(f"{host.name} showed something that rollback does not understand: {error}") from error


def lease(answer: Answer) -> LeaseSeen | None:
    """Who holds it, as the host showed it beside its refusal; None when that can't be understood."""
    try:
        return next((_lease(one.split(" ")) for one in answer.all("lease")), None)
    except ValueError:
        return None


def number(answer: Answer, key: str) -> int:
    """Raises ValueError."""
    return _number(answer.first(key) or "")


def ran(answer: Answer) -> Ran:
    """Of the verb `command`."""
    _, _, status = (answer.first("ran") or "").partition(" ")
    known = int(status) if answer.status == "ok" and _NUMBER.fullmatch(status) else None
    return Ran(known, lines(answer, "out"), lines(answer, "err"))


def lines(answer: Answer, key: str) -> str:
    """Output of commands on the host, cleaned; at most 16 KiB."""
    return clean("\n".join(answer.all(key)), limit=16 * 1024)


def _free(answer: Answer) -> tuple[int, int]:
    """Bytes and inodes; zeros when it could not tell."""
    words = (answer.first("free") or "").split(" ")
    if len(words) != 3:
        return 0, 0
    blocks, size, inodes = map(_number, words)
    return blocks * size, inodes


def _journals(answer: Answer) -> Iterator[tuple[str, int]]:
    for one in answer.all("journal"):
        name, size = one.split(" ")
        yield _id(name), _number(size)


def _release(line: str) -> Release | None:
    """None when its id does not follow from what it says of itself: a torn file must not stop a rollback."""
    name, _, rest = line.partition(" ")
    words = rest.split(" ")
    if len(words) != 3 or not (_HEX.fullmatch(words[1]) and _HEX.fullmatch(words[2])):
        return None
    release = Release(fsdecode(unquote_to_bytes(words[0])), words[1], words[2])
    return release if release.id == name else None


def _lease(words: list[str]) -> LeaseSeen:
    operation, token, holder, standing, age, left, phase, *known = words
    name = clean(unquote_to_bytes(_id(holder)), 80)
    live = standing == "live"
    process = _id_or_none("".join(known)) if known else None  # a lease of an earlier version names none
    return LeaseSeen(_id(operation), _number(token), name, live, _number(age), _number(left), _id(phase), process or "")


def _intent(words: list[str]) -> Intent:
    operation, token, previous, target, state = words
    return Intent(_id(operation), _number(token), _id_or_none(previous), _id(target), _state(state))


def _state(word: str) -> str:
    if word not in {"prepared", "switched", "reverted"}:
        raise ValueError(f"intent {clean(word, 40)}")
    return word


def _id(word: str) -> str:
    if not _ID.fullmatch(word):
        raise ValueError(f"the name {clean(word, 40)}")
    return word


def _id_or_none(word: str | None) -> str | None:
    return None if word is None or word == "-" else _id(word)


def _number(word: str) -> int:
    if not _NUMBER.fullmatch(word):
        raise ValueError(f"the number {clean(word, 40)}")
    return int(word)
