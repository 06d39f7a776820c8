"""A file -> Playbook, or every fault at once, each with file, line, the path of the key and what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rollback.errors import PlaybookInvalid, UsageError
from rollback.playbook import faults, read
from rollback.playbook.schema import Playbook
from rollback.playbook.shape import Fault
from rollback.text import clean_line

_HINT = "rollback schema describes every key; rollback's own playbooks/reference.yml explains them all"


def load(path: Path) -> Playbook:
    """The playbook in `path`. Raises: PlaybookInvalid with all faults; UsageError when it can't be read."""
    file = path.absolute()
    shown = clean_line(str(_short(file)))
    try:
        with file.open("rb") as opened:
            data = opened.read(read.LARGEST + 1)
    except OSError as wrong:
        raise UsageError(f"cannot read {shown}: {wrong.strerror}", hint="name another: -p NAME or -p PATH") from wrong
    return parse(data, file, shown)


def parse(data: bytes, file: Path, shown: str) -> Playbook:
    """The same of bytes; `file` is where they stand, `shown` how messages call it."""
    tree = read.read(data)
    if tree.faults:
        raise PlaybookInvalid(tuple(f"{shown}:{line}: {sentence}" for line, sentence in tree.faults), hint=_HINT)
    found = _validate(tree.value, file)
    if isinstance(found, Playbook):
        return found
    raise PlaybookInvalid(faults.lines(found, tree, shown), hint=_HINT)


def _validate(value: Any, file: Path) -> Playbook | list[Fault]:
    """A second look without the unknown keys shows what their model still has to say."""
    context = {"file": file}
    try:
        return Playbook.model_validate(value, context=context)
    except ValidationError as wrong:
        found = faults.plain(wrong, Playbook)
    try:
        Playbook.model_validate(faults.without_unknown(value, found), context=context)
    except ValidationError as wrong:
        found = [*found, *(fault for fault in faults.plain(wrong, Playbook) if fault not in found)]
    return found


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
