"""What a release's folder must hold, as text: one line per entry, sorted by path, fields separated by TABs.

    f MODE SIZE SHA256 PATH     a file; MODE in octal as `stat -c %a` shows it, SIZE in bytes
    l -    -    TARGET PATH     a symbolic link
    d MODE -    -      PATH     a folder

PATH and TARGET are percent-encoded like a tag, `/` left as it is: any bytes fit on a line that a shell can read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from rollback.model import encode_tag


class Sort(StrEnum):
    FILE = "f"
    LINK = "l"
    FOLDER = "d"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, link or folder; bytes of names that are not UTF-8 are kept (surrogateescape).

    mode: permission bits, 0 for a link. size: bytes of a file. content: a file's sha256 in hex, or a link's target.
    """

    sort: Sort
    path: str
    mode: int = 0
    size: int = 0
    content: str = ""


def write(entries: Iterable[Entry]) -> bytes:
    """The manifest's text, the same for the same entries in any order."""
    return b"".join(_line(entry) for entry in sorted(entries, key=lambda entry: os.fsencode(entry.path)))


def read(text: bytes) -> tuple[Entry, ...]:
    """Raises ValueError for what `write` would not have written."""
    return tuple(_entry(line) for line in text.decode("ascii").splitlines())


def _line(entry: Entry) -> bytes:
    match entry.sort:
        case Sort.FILE:
            fields = (f"{entry.mode:o}", str(entry.size), entry.content)
        case Sort.LINK:
            fields = ("-", "-", _encoded(entry.content))
        case Sort.FOLDER:
            fields = (f"{entry.mode:o}", "-", "-")
    return "\t".join((entry.sort, *fields, _encoded(entry.path))).encode("ascii") + b"\n"


def _entry(line: str) -> Entry:
    sort, mode, size, content, path = line.split("\t")
    match Sort(sort):
        case Sort.FILE:
            return Entry(Sort.FILE, _decoded(path), int(mode, 8), int(size), content)
        case Sort.LINK:
            return Entry(Sort.LINK, _decoded(path), content=_decoded(content))
        case Sort.FOLDER:
            return Entry(Sort.FOLDER, _decoded(path), int(mode, 8))


def _encoded(name: str) -> str:
    return "/".join(encode_tag(part) for part in name.split("/"))


def _decoded(text: str) -> str:
    return os.fsdecode(unquote_to_bytes(text))
