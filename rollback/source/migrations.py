"""Which migrations lie between two releases: the files below the playbook's `migrations.path` that differ."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from rollback.model import Between, Migration, Release
from rollback.source.command import run
from rollback.text import clean_line

_NONE = "0" * 12  # the start of git's id for what is not there


def between(folder: Path, old: Release, new: Release, path: str, irreversible: str) -> Between:
    """folder: the repository's top. irreversible: a regular expression that such a migration's file holds.

    A file that was changed is gone and added. Not known when either commit is not here, as in a shallow clone.
    """
    words = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", old.commit, new.commit, "--", path)
    said = run(folder, "--literal-pathspecs", "diff-tree", *words)
    if not said.ok:
        return Between(old, new, known=False)
    changes = tuple(_changes(said.output))
    marked = _marked(folder, {one for _, *both in changes for one in both if not one.startswith(_NONE)}, irreversible)
    if marked is None:
        return Between(old, new, known=False)
    files = [(_below(name, path), before, after) for name, before, after in changes]
    return Between(
        old,
        new,
        tuple(Migration(name, after[:12], marked[after]) for name, _, after in files if after in marked),
        tuple(Migration(name, before[:12], marked[before]) for name, before, _ in files if before in marked),
    )


def _changes(output: bytes) -> Iterator[tuple[bytes, str, str]]:
    """(name, id before, id after); submodules are none of it."""
    words = iter(output.split(b"\0"))
    for head in words:
        if head:
            before_mode, after_mode, before, after, _ = head.removeprefix(b":").decode("ascii").split(" ")
            name = next(words)
            if "160000" not in (before_mode, after_mode):
                yield name, before, after


def _marked(folder: Path, ids: set[str], irreversible: str) -> Mapping[str, bool] | None:
    """Which of these files hold the mark; None when git can't give them."""
    found: dict[str, bool] = {}
    said = run(folder, "cat-file", "--batch", question="".join(f"{one}\n" for one in sorted(ids)).encode())
    rest = said.output
    while rest:
        head, _, rest = rest.partition(b"\n")
        name, _, size = head.partition(b" blob ")
        if not size.isdigit():  # missing
            return None
        text, rest = rest[: int(size)], rest[int(size) + 1 :]
        found[name.decode("ascii")] = bool(re.search(irreversible, text.decode("utf-8", "replace"), re.MULTILINE))
    return found if ids <= found.keys() else None


def _below(name: bytes, path: str) -> str:
    return clean_line(os.fsdecode(name).removeprefix(f"{path}/"))
