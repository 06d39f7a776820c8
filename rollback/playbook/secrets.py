"""`${NAME}`: secrets are named in a playbook, come from the operator's environment, and leave no trace in a text.

One Secrets lives as long as one command; every value it hands out is remembered and struck from what is shown or kept.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

from rollback.errors import UsageError
from rollback.playbook.credentials import struck
from rollback.text import clean, clean_line

_PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_SHELLS_OWN = frozenset({"HOME", "PATH", "USER", "LOGNAME", "SHELL", "PWD", "TMPDIR", "LANG"})
_WORTH_A_LINE = 6  # a shorter line of a secret of several lines (a brace, an "END") would strike ordinary text


def named(text: str) -> frozenset[str]:
    """Every NAME that stands as ${NAME} in `text`, but for the shell's and our own."""
    return frozenset(
        name for name in _PLACE.findall(text) if name not in _SHELLS_OWN and not name.startswith("ROLLBACK_")
    )


class Secrets:
    """The operator's secrets. `environ` is read at use, never copied."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._shown: dict[str, str] = {}  # each form a value can take in a text -> its name
        self._pattern: re.Pattern[str] | None = None

    def resolve(self, text: str) -> str:
        """`text` with every ${NAME} filled in. UsageError: one is not set."""
        return _PLACE.sub(lambda place: self._value(place[1]), text)

    def exported(self, command: str) -> dict[str, str]:
        """The values a shell command is to find in its environment. UsageError: one is not set."""
        return {name: self._value(name) for name in sorted(named(command))}

    def redact(self, text: str) -> str:
        """`text` with every value handed out so far shown as [NAME], as it is, encoded or cleaned; and without what
        looks like a credential."""
        pattern = self._pattern
        return struck(pattern.sub(lambda found: f"[{self._shown[found[0]]}]", text) if pattern else text)

    def _value(self, name: str) -> str:
        value = self._environ.get(name)
        if value is None:
            raise UsageError(f"the playbook names ${{{name}}}, which is not set", hint=f"export {name}=…")
        self._remember(name, value)
        return value

    def _remember(self, name: str, value: str) -> None:
        """Swapped whole, never changed in place: other threads may be redacting."""
        new = {form: name for form in _forms(value) if form not in self._shown}
        if new:
            self._shown = {**self._shown, **new}
            longest_first = sorted(self._shown, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))


def _forms(value: str) -> Iterator[str]:
    parts = [line for line in value.splitlines() if len(line) >= _WORTH_A_LINE] if "\n" in value else []
    for part in (value, *parts):
        encoded = part.encode("utf-8", "surrogateescape")
        plain = (
            part,
            clean(part, 1 << 20),
            clean_line(part, 1 << 20),
            part.strip(),
            html.escape(part),
            shlex.quote(part),
        )
        urls = (quote(encoded), quote(encoded, safe=""), quote_plus(encoded))
        dumped = (json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], repr(part)[1:-1])
        yield from (form for form in (*plain, *urls, *dumped, base64.b64encode(encoded).decode()) if form)
