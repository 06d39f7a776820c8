"""known_hosts files, read as OpenSSH reads them (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).

Says which lines speak of a name; what that means is for host_keys. Certificate authorities (`@cert-authority`) are
read, and vouch for nothing: host certificates are not checked.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One key on file. marker: "", "@revoked" or "@cert-authority". patterns: as written. key: the public blob."""

    file: Path
    number: int
    marker: str
    patterns: str
    type: str
    key: bytes

    def names(self, name: str) -> bool:
        """Whether this line speaks of `name` (lower case; `[host]:port` for other ports than 22)."""
        if self.patterns.startswith("|1|"):
            return _hashed(self.patterns, name)
        verdicts = [_pattern(pattern, name) for pattern in self.patterns.lower().split(",")]
        return True in verdicts and False not in verdicts


class Known:
    """The lines of one file, found by name: looking through all of them for each host of a large fleet takes long."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._plain: dict[str, list[Line]] = {}
        self._others: list[Line] = []
        self._found: dict[str, tuple[Line, ...]] = {}
        for line in lines:
            if line.patterns.startswith("|") or not _NO_PLAIN.isdisjoint(line.patterns):
                self._others.append(line)
            else:
                for name in line.patterns.lower().split(","):
                    self._plain.setdefault(name, []).append(line)

    def of(self, names: Iterable[str]) -> tuple[Line, ...]:
        """Those that speak of any of them, as they stand in the file."""
        return tuple(sorted({line for name in names for line in self._of(name)}, key=lambda line: line.number))

    def _of(self, name: str) -> tuple[Line, ...]:
        if name not in self._found:
            self._found[name] = (*self._plain.get(name, ()), *(line for line in self._others if line.names(name)))
        return self._found[name]


Parse = Callable[[Path, int, list[str]], Line | None]
_NO_PLAIN = frozenset("*?!")


def read(file: Path) -> Known:
    """A file that is missing or may not be read holds no keys, which only ever admits less."""
    try:
        return _known(file, *_version(file))
    except OSError:
        return Known(())


def revoked(file: Path) -> tuple[Line, ...]:
    """A RevokedHostKeys file: a key on each line, after options or not. Raises OSError, ValueError (a binary list)."""
    return _revoked(file, *_version(file))


def _version(file: Path) -> tuple[int, int, int]:
    seen = file.stat()
    if not stat.S_ISREG(seen.st_mode) and str(file) != os.devnull:
        raise OSError(f"{file} is no file")  # a pipe would never end
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


@lru_cache(maxsize=64)
def _known(file: Path, *_version: int) -> Known:
    """Once per file and version of it, not once per host."""
    return Known(_parsed(file, _line))


@lru_cache(maxsize=64)
def _revoked(file: Path, *_version: int) -> tuple[Line, ...]:
    return tuple(_parsed(file, _revoked_line))


def _parsed(file: Path, parse: Parse) -> Iterator[Line]:
    text = file.read_text("utf-8", "surrogateescape")
    lines = (parse(file, number, fields) for number, fields in enumerate(map(str.split, text.split("\n")), start=1))
    return (line for line in lines if line)


def _line(file: Path, number: int, fields: list[str]) -> Line | None:
    """None for comments and for what cannot be read, which OpenSSH skips, too."""
    marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    try:
        return Line(file, number, marker, fields[0], fields[1], base64.b64decode(fields[2], validate=True))
    except (binascii.Error, ValueError):
        return None


def _revoked_line(file: Path, number: int, fields: list[str]) -> Line | None:
    """Options may stand before the type, and their quotes may hold blanks; the key is what begins as every key does."""
    if not fields or fields[0].startswith("#"):
        return None
    for at, field in enumerate(fields):
        if at and field.startswith("AAAA"):
            return _line(file, number, ["@revoked", "*", fields[at - 1], field])
    raise ValueError(f"line {number} holds no key")


def _hashed(patterns: str, name: str) -> bool:
    """`|1|salt|HMAC-SHA1(salt, name)`, both in base64."""
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in patterns[3:].split("|"))
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.digest(salt, os.fsencode(name), "sha1"), digest)


def _pattern(pattern: str, name: str) -> bool | None:
    """True: it speaks of the name. False: it excludes the name (`!`). None: neither."""
    wanted = pattern.removeprefix("!")
    regex = "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in wanted)
    if not re.fullmatch(regex, name, re.DOTALL):
        return None
    return wanted == pattern
