"""The commits between releases: when each was committed, and on what it stands. Two questions to git, however many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rollback.source.command import run

_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Commits:
    """found: by id, the committer's date (seconds since 1970) and its parents. present: those asked for that are here.
    shallow: the history ends somewhere, and older commits may be missing."""

    found: Mapping[str, tuple[int, tuple[str, ...]]]
    present: frozenset[str]
    shallow: bool


def since(folder: Path, base: str | None, wanted: Iterable[str], *, shallow: bool) -> Commits:
    """All commits that one of `wanted` has and `base` has not. What is no commit here is left out; when `base` is not
    here, the first of `wanted` that is stands for it: nobody asks for all of a history. Raises SourceError."""
    asked = tuple(one for one in dict.fromkeys((base or "", *wanted)) if _OBJECT_ID.fullmatch(one))
    present = _present(folder, asked)
    here = [one for one in asked if one in present]
    if not here:
        return Commits({}, present, shallow)
    question = "\n".join((f"^{here[0]}", *here[1:], ""))
    said = run(folder, "rev-list", "--timestamp", "--parents", "--stdin", question=question.encode("ascii"))
    if not said.ok:
        return Commits({}, frozenset(), shallow)
    rows = (line.split() for line in said.output.decode("ascii").splitlines())
    return Commits({commit: (int(at), tuple(parents)) for at, commit, *parents in rows}, present, shallow)


def _present(folder: Path, asked: tuple[str, ...]) -> frozenset[str]:
    question = "".join(f"{one}\n" for one in asked).encode("ascii")
    said = run(folder, "cat-file", "--batch-check=%(objectname) %(objecttype)", question=question)
    pairs = (line.split(" ") for line in said.output.decode("ascii").splitlines())
    return frozenset(name for name, kind in pairs if kind == "commit")
