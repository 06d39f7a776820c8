"""Which tags are releases, in which order, and which one somebody may have meant. Pure; tag names are hostile."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rollback.text import clean_line

_PARTS = re.compile(r"[0-9]+|[^0-9]+")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as the repository has it. object: the id of what it names. created: seconds since 1970."""

    name: str
    object: str
    created: int = 0


def matches(name: str, pattern: str) -> bool:
    """Is it a release? A glob: `v*`."""
    return fnmatchcase(name, pattern)


def newest_first(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """By creation; within one second by version: v1.10 is newer than v1.9, and v2.0-rc1 is older than v2.0."""
    return tuple(sorted(tags, key=lambda tag: (tag.created, version_key(tag.name)), reverse=True))


def version_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers compare by value, what follows a dash comes before the name's end, and anything else after it."""
    return (*(_part(part) for part in _PARTS.findall(name)), (1, 0, ""))


def _part(part: str) -> tuple[int, int, str]:
    if part[0] in "0123456789":
        digits = part.lstrip("0")
        return (3, len(digits), digits)  # not int(): somebody's tag has 5,000 digits
    return (0 if part.startswith(("-", "~")) else 2, 0, part)


def nearest(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """At most three names that look like it, cleaned."""
    shown = {clean_line(one, 100) for one in names}
    return tuple(difflib.get_close_matches(clean_line(name, 100), sorted(shown), n=3))
