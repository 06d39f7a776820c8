"""What lies between two commits: who did what, and in which files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rollback.core.changed import Changed, Commit, File
from rollback.source.command import Said, run
from rollback.text import clean_line

COMMITS = 50
FILES = 500
_DIFF = ("--numstat", "-z", "--no-renames", "--no-relative", "--no-ext-diff", "--no-textconv")


def changed(folder: Path, old: str, new: str) -> Changed | None:
    """What commit `new` has and `old` has not (object ids). None when git can't tell: one is not here, say."""
    reach = f"{old}..{new}"
    count = run(folder, "rev-list", "--count", reach)
    log = run(folder, "log", "-z", "--format=%H%n%an%n%s", "--encoding=UTF-8", f"--max-count={COMMITS}", reach)
    diff = run(folder, "diff", *_DIFF, old, new)
    if not (count.ok and log.ok and diff.ok):
        return None
    files = tuple(_files(diff))
    return Changed(int(count.output), tuple(_commits(log)), len(files), files[:FILES])


def _commits(log: Said) -> Iterator[Commit]:
    for entry in log.output.split(b"\0"):
        if entry:
            name, author, subject = entry.removesuffix(b"\n").split(b"\n", 2)
            yield Commit(name[:12].decode("ascii"), clean_line(author, 100), clean_line(subject))


def _files(diff: Said) -> Iterator[File]:
    for entry in diff.output.split(b"\0"):
        if entry:
            added, gone, name = entry.split(b"\t", 2)
            yield File(clean_line(name), _lines(added), _lines(gone))


def _lines(count: bytes) -> int | None:
    return int(count) if count.isdigit() else None
