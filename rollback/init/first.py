"""Looking at a repository: its work tree as it lies there, and its tags. Everything found is a guess."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

from rollback.init import files, manifests, signs
from rollback.init.found import Found
from rollback.text import clean_line

_MOST_TAGS = 1000
_UNFIT = re.compile(r"[^a-z0-9_]+")


def look(repository: Path) -> Found:
    """What the folder seems to hold. Raises SourceError: it is in no git repository, or that has no commit yet."""
    from rollback.source.repository import Repository

    every = tuple(clean_line(release.tag, 100) for release in Repository.open(repository).releases("*")[:_MOST_TAGS])
    pattern = signs.pattern(every)
    tree = files.read(repository)
    declared = manifests.read(tree)
    kind = signs.framework(tree, declared)
    port = signs.port(kind, tree)
    return Found(
        app=_app(declared.name, repository),
        framework=kind,
        tags=tuple(tag for tag in every if fnmatchcase(tag, pattern)),
        pattern=pattern,
        health=signs.health(kind, tree),
        port=port,
        prepare=signs.prepare(kind, tree, declared),
        start=signs.start(kind, tree, declared, port),
        served=signs.served(tree) or "",
    )


def _app(declared: str | None, repository: Path) -> str:
    """A name fit for a file, a folder and a systemd unit: npm's `@acme/shop` is `shop`."""
    names = ((declared or "").rpartition("/")[2], repository.resolve().name)
    fit = (_UNFIT.sub("-", name.lower()[:60]).strip("-_") for name in names)
    return next((name for name in fit if name), "app")
