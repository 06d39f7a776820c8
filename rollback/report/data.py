"""Values as JSON: the one documented envelope of `--json`, and how our frozen values look inside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from rollback.model import Release

SCHEMA = "rollback/1"


def envelope(command: str, exit_code: int, message: str, hint: str, data: object, fit: Callable[[str], str]) -> str:
    """One line of JSON on stdout, whatever happened.

    schema: "rollback/1". command: its name. exit_code: as in the contract. message: one sentence for a person.
    hint: the next command to type, or "". data: the command's own value, or null when it failed. fit: makes a text fit
    to be seen; releases stay exact, which JSON's own escapes make harmless.
    """
    whole = {
        "schema": SCHEMA,
        "command": command,
        "exit_code": exit_code,
        "message": fit(message),
        "hint": fit(hint),
        "data": plain(data, fit),
    }
    # `##[` anywhere in a line is a command to some CI's log; inside JSON's strings this is the same text.
    return json.dumps(whole, ensure_ascii=True).replace("##[", "#\\u0023[")


def plain(value: object, fit: Callable[[str], str] = str) -> object:  # noqa: PLR0911 one a kind of value
    """Dataclasses as objects (a release with its id), times as ISO 8601 UTC, tuples as lists."""
    if isinstance(value, Release):
        return {"id": value.id, "tag": value.tag, "commit": value.commit, "tree": value.tree}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), fit) for field in fields(value)}
    if isinstance(value, Mapping):
        return {fit(str(key)): plain(one, fit) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one, fit) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return fit(str(value)) if isinstance(value, (str, Path)) else value
