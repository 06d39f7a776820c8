"""The messages that pass between this machine and the agent, agent/*.sh: what is sent for a verb, and an answer.

Pure: it builds and parses bytes and reaches nothing. The verbs themselves are in requests.py, what their answers mean
in reading.py.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from os import SEEK_END
from pathlib import Path
from typing import IO, NamedTuple

from rollback.errors import OutsideProtocol, UsageError
from rollback.hosts.script import text
from rollback.text import clean_line

CAP = 64 * 1024  # bytes of an answer
_PREFIX = b"rollback/1 "
_STREAM, _STREAMED = b"rollback/1 stream\n", b"\nrollback/1 streamed\n"
_CHUNK = 256 * 1024
_NAME = re.compile(r"[a-z_]+", re.ASCII)
Word = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """One verb with its words: a value, compared in tests and carried out elsewhere.

    payload: bytes, or files whose content follows the call. deadline: seconds for all of it. cap: bytes of the answer.
    repeatable: the host answers a second one as it answered the first, so it may be sent again after a lost answer.
    into: an open file for what the host streams between its lines; it is left standing at the beginning of that.
    skip: bytes of the payload's last part that the host has. again: given the request and a way to ask the host,
    what is sent when an earlier try was lost.
    """

    verb: str
    words: tuple[Word, ...]
    payload: tuple[bytes | Path, ...] = ()
    deadline: float = 30.0
    cap: int = CAP
    repeatable: bool = True
    into: IO[bytes] | None = field(default=None, compare=False)
    skip: int = 0
    again: Callable[[Request, Callable[[Request], Answer]], Request] | None = field(default=None, compare=False)
    sent: Callable[[int], None] | None = field(default=None, compare=False)  # told the bytes of the payload so far

    def all(self, key: str) -> tuple[str, ...]:
        return tuple(value for name, value in self.words if name == key)

    def first(self, key: str) -> str | None:
        return next((value for name, value in self.words if name == key), None)


class Field(NamedTuple):
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said: its last line's status and detail, and the lines before it. Nothing of it is cleaned yet.

    uncertain: an earlier try of the same request was lost, so a refusal now does not say that nothing was done.
    """

    status: str
    detail: str = ""
    fields: tuple[Field, ...] = ()
    uncertain: bool = False

    def all(self, key: str) -> tuple[str, ...]:
        return tuple(value for name, value in self.fields if name == key)

    def first(self, key: str) -> str | None:
        return next((value for name, value in self.fields if name == key), None)


def command(script: bytes) -> str:
    """What is executed: the same few words under any login shell. The script itself comes over stdin, so no value of it
    ever stands in an argument list; `head -c` takes exactly its bytes and leaves the payload. `echo` ends the line that
    a login shell may have left open, which would hide the first line of the answer."""
    return f"exec /bin/sh -c 'echo; eval \"$(head -c {len(script)})\"'"


def script(request: Request) -> bytes:
    """The agent and the call, all in one group: nothing runs before its last brace was read, so a text that was cut off
    anywhere does nothing. (Without the group, half the name of the next function would be run as a command.) It is not
    packed: a host pays more for unpacking it than a network for what it is longer.

    Raises UsageError for a value that no shell could be given.
    """
    words = " ".join(_quoted(key, value) for key, value in request.words)
    call = f"rollback_agent {request.verb} {words}\n}}\n".encode(errors="surrogateescape")
    return b"{\n" + text(request.verb, watched=request.first("confirm") is not None) + call


def stdin(script: bytes, request: Request) -> Iterator[bytes]:
    """Everything that is sent: the script, then the payload in pieces."""
    yield script
    count = request.skip
    for piece in _pieces(request.payload, request.skip):
        yield piece
        count += len(piece)
        if request.sent:
            request.sent(count)


def _pieces(payload: tuple[bytes | Path, ...], skip: int) -> Iterator[bytes]:
    """skip: bytes of the last part that are left out."""
    for place, part in enumerate(payload, start=1):
        begin = skip if place == len(payload) else 0
        if isinstance(part, bytes):
            yield from (part[start : start + _CHUNK] for start in range(begin, len(part), _CHUNK))
            continue
        with part.open("rb") as file:
            file.seek(begin)
            while piece := file.read(_CHUNK):
                yield piece


def parse(said: bytes, host: str, complaint: str = "") -> Answer:
    """The answer in what came over stdout. What a login shell says before it is skipped. complaint: of stderr.

    Raises OutsideProtocol when there is no end to it: what the host did is unknown then.
    """
    fields = [_field(line) for line in said.split(b"\n") if line.startswith(_PREFIX)]
    ends = [place for place, field in enumerate(fields) if field.key == "end"]
    if not ends or ends[0] != len(fields) - 1:
        seen = clean_line(said[-200:]) or clean_line(complaint[-200:])
        what = f"it said {seen}" if seen else "it said nothing"
        raise OutsideProtocol(
            f"{host} gave no answer that rollback understands: {what}",
            hint=f"its login must be able to run a shell: ssh {host} 'exec /bin/sh -c \"echo ready\"'",
        )
    status, _, detail = fields[-1].value.partition(" ")
    return Answer(status, detail, tuple(fields[:-1]))


def around(stream: IO[bytes]) -> bytes:
    """The lines before and after what was streamed; the rest is left in the file, which stands at its beginning."""
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    before, line, _ = stream.read(CAP).partition(_STREAM)
    begin = len(before + line)
    stream.seek(max(begin, size - CAP))
    _, mark, after = stream.read().rpartition(_STREAMED)
    stream.truncate(size - len(mark + after))
    stream.seek(begin)
    return before + b"\n" + after if mark else before


def _field(line: bytes) -> Field:
    key, _, value = line[len(_PREFIX) :].decode("utf-8", "backslashreplace").partition(" ")
    return Field(key, value)


def _quoted(key: str, value: str) -> str:
    if "\0" in value or not _NAME.fullmatch(key):
        raise UsageError(f"a value with a NUL byte can't be given to a host: {clean_line(value, 40)}")
    return f"{key}={shlex.quote(value)}"
