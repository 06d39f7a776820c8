"""Tags as git stores them: listed by exact name, pinned by object id. No user's string is ever part of a question."""

from __future__ import annotations

import os
from pathlib import Path

from rollback.model import Release
from rollback.source.command import Said, run
from rollback.source.tags import Tag

_PREFIX = b"refs/tags/"


def listed(folder: Path) -> Said:
    """All tags, for `parsed`. When an object is missing its date is, too: then all are listed without dates."""
    said = run(folder, "for-each-ref", "--format=%(refname)%00%(objectname)%00%(creatordate:unix)", "refs/tags/")
    return said if said.ok else run(folder, "for-each-ref", "--format=%(refname)%00%(objectname)%00", "refs/tags/")


def parsed(output: bytes) -> tuple[Tag, ...]:
    return tuple(_tag(line) for line in output.splitlines())


def _tag(line: bytes) -> Tag:
    name, object_id, created = line.split(b"\0")
    return Tag(os.fsdecode(name.removeprefix(_PREFIX)), object_id.decode("ascii"), int(created or 0))


def pinned(folder: Path, tags: tuple[Tag, ...]) -> tuple[Release | None, ...]:
    """Each tag with its commit and tree, through tags of tags; None where there is no commit, or not here."""
    if not tags:
        return ()
    questions = "".join(f"{tag.object}^{{commit}}\n{tag.object}^{{tree}}\n" for tag in tags)
    said = run(folder, "cat-file", "--batch-check=%(objectname) %(objecttype)", question=questions.encode("ascii"))
    ids = [_object_id(line) for line in said.output.splitlines()]
    found = zip(tags, ids[::2], ids[1::2], strict=True)
    return tuple(Release(tag.name, commit, tree) if commit and tree else None for tag, commit, tree in found)


def _object_id(line: bytes) -> str | None:
    name, _, kind = line.decode("ascii").partition(" ")
    return name if kind in {"commit", "tree"} else None


def kind(folder: Path, object_id: str) -> str:
    """commit, tree, blob or tag; "" when it is not here."""
    return run(folder, "cat-file", "-t", object_id).output.decode("ascii").strip()
