"""A regular expression as Python reads it -> the same as `grep -E` on a host reads it, or why there is none.

Lines are counted where they are; a pattern that grep would read otherwise would count nothing, and pass. What means the
same is translated; the rest is refused when the playbook is read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ALWAYS = {"group": "(", "edge": r"\b", "tab": "\t"}
_CLASSES = {"d": "0-9", "s": "[:space:]", "w": "[:alnum:]_"}
_SPECIAL = frozenset(r".[]()*+?{}|^$" + "\\")
_AMBIGUOUS = re.compile(r"-\\[\]-]|\\--|\\[dsw]-(?!$)|.-\\")
_TOKEN = re.compile(
    r"""
      (?P<group>\((?:\?:|\?P<\w+>)?(?!\?))
    | \\(?P<class>[dDsSwW])
    | \\(?P<escaped>[^A-Za-z0-9])
    | \\(?P<edge>b)
    | \\(?P<tab>t)
    | \[(?P<not>\^?)(?P<inside>\]?(?:\\.|[^\]\\])*)\]
    | (?P<times>[*+?]|\{[0-9]+(?:,[0-9]*)?\}|\{,[0-9]+\})\??(?!\+)
    | (?P<plain>[^\\\[(*+?])
    """,
    re.VERBOSE | re.ASCII,
)


class Ere(NamedTuple):
    """ignores_case: it began with (?i)."""

    text: str
    ignores_case: bool


def ere(pattern: str) -> Ere:
    """Raises: ValueError, for what POSIX has no word for."""
    ignores_case = pattern.startswith("(?i)")
    text, at = pattern.removeprefix("(?i)"), 0
    parts = []
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise ValueError(
                f'"{text[at : at + 12]}" has no meaning for grep -E on a host: no look-around, no reference'
            )
        parts.append(_translated(found))
        at = found.end()
    return Ere("".join(parts), ignores_case)


def _translated(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind in _ALWAYS:
        return _ALWAYS[kind]
    match kind:
        case "class":
            letter = found["class"]
            return f"[{'^' if letter.isupper() else ''}{_CLASSES[letter.lower()]}]"
        case "inside":
            return f"[{found['not']}{_bracket(found['inside'])}]"
        case "times":
            return found["times"].replace("{,", "{0,")
        case _:
            return _literal(found["escaped"]) if found["escaped"] else _plain(found["plain"])


def _plain(char: str) -> str:
    """A brace that is no count stands for itself. Beyond ASCII a letter is several bytes for grep."""
    if not char.isascii():
        return f"({char})"
    return rf"\{char}" if char in "{}" else char


def _literal(char: str) -> str:
    return rf"\{char}" if char in _SPECIAL else char


def _bracket(inside: str) -> str:
    """In POSIX a backslash stands for itself there, `]` must be first and `-` last."""
    parts = re.findall(r"\\.|[^\\]", inside, re.DOTALL)
    chars = [_in_bracket(part) for part in parts]
    if not inside.isascii() or "[" in chars or _AMBIGUOUS.search(inside):
        raise ValueError(f'"[{inside}]" is not the same for grep -E on a host: only ASCII, no "[", `-` and `\\-` apart')
    first = "]" if "]" in chars else ""
    last = "-" if "\\-" in parts else ""
    return first + "".join(c for c, part in zip(chars, parts, strict=True) if c != "]" and part != "\\-") + last


def _in_bracket(part: str) -> str:
    if len(part) == 1:
        return part
    if part[1] in _CLASSES:
        return _CLASSES[part[1]]
    if part[1] == "t":
        return "\t"
    if part[1].isalnum():
        raise ValueError(f'"{part}" inside […] has no meaning for grep -E on a host')
    return part[1]
