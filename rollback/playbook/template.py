"""`{{release.tag}}`: flat dotted names, filled in at use. No logic, no escapes; an unknown name is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rollback.errors import UsageError
from rollback.text import clean_line

PLACE = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)[ \t]*\}\}", re.ASCII)
_SAFE = re.compile(r"[A-Za-z0-9._+@=,:/%-]*", re.ASCII)


def names(text: str) -> frozenset[str]:
    """Every name that `text` asks for."""
    return frozenset(PLACE.findall(text))


def fault(text: str) -> str | None:
    """What is wrong with the braces of `text`, or None."""
    rest = PLACE.sub("", text)
    if "{{" not in rest:
        return None
    at = rest.index("{{")
    return f'"{clean_line(rest[at : at + 40])}" is not a name in {{{{…}}}} (like {{{{release.tag}}}})'


def render(text: str, values: Mapping[str, str]) -> str:
    """`text` with its places filled in. UsageError: a name that `values` does not have."""
    return PLACE.sub(lambda place: _value(place[1], values), text)


def render_shell(text: str, values: Mapping[str, str]) -> str:
    """The same for a shell command: a value that a shell would read as more than a word is refused (UsageError)."""
    return PLACE.sub(lambda place: _word(place[1], values), text)


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise UsageError(f"nothing is known for {{{{{name}}}}} here", hint=f"known: {', '.join(sorted(values))}")
    return values[name]


def _word(name: str, values: Mapping[str, str]) -> str:
    value = _value(name, values)
    if not _SAFE.fullmatch(value):
        raise UsageError(
            f"{{{{{name}}}}} is {clean_line(value, 60)!r}, which is not safe inside a shell command",
            hint="use the variable instead, in double quotes: $ROLLBACK_TAG, $ROLLBACK_COMMIT, $ROLLBACK_HOST, …",
        )
    return value
