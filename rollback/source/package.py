"""A release from git as a package, made once and kept in a cache.

The cache goes by commit and build, is written under another name and renamed, and is checked by digest whenever it is
used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rollback.errors import RollbackError, SourceError
from rollback.model import Release
from rollback.private import private_folder
from rollback.source.archive import entry
from rollback.source.build import Build, built
from rollback.source.content import from_tar
from rollback.source.manifest import write
from rollback.source.packed import Package, empty, intact, manifest, new_place, pack, sealed
from rollback.source.repository import Repository
from rollback.text import clean_line

_FORMAT = "packages-1"  # what was packed by other rules is not found again


def package(repository: Callable[[], Repository], release: Release, build: Build | None, cache: Path) -> Package:
    """The release's package, from the cache if it is there and intact: then no repository is needed. A cache that can't
    be written is done without.

    Raises SourceError (git can't give the tree, or something in it is unsafe) and Abandoned (the build failed).
    """
    place = cache / _FORMAT / _key(release, build)
    kept = intact(release, place)
    if kept is not None:
        return kept
    try:
        made = new_place()
        _make(repository(), release, build, made)
    except OSError as error:
        sentence = f"the package of {clean_line(release.tag)} can't be made: {clean_line(str(error))}"
        raise SourceError(sentence, hint="free some space, or set TMPDIR to a folder that has it") from error
    return intact(release, place) or sealed(release, _kept(made, place))  # another process may have been quicker


def is_kept(release: Release, build: Build | None, cache: Path) -> bool:
    """Is its package in the cache, and intact?"""
    return intact(release, cache / _FORMAT / _key(release, build)) is not None


def listing(repository: Callable[[], Repository], release: Release, build: Build | None, cache: Path) -> bytes | None:
    """The manifest of the release's package; None when that is in no cache and git can't give it, or it was built."""
    kept = manifest(cache / _FORMAT / _key(release, build))
    if kept is not None or build is not None:
        return kept
    try:
        with tempfile.TemporaryDirectory(prefix="rollback-", ignore_cleanup_errors=True) as workshop:
            tree = Path(workshop) / "tree.tar"
            repository().archive(release, tree)
            with _opened(tree, release) as archive:
                return write(entry(item) for item in from_tar(archive))
    except (OSError, RollbackError):
        return None


def _key(release: Release, build: Build | None) -> str:
    """By commit, not by tree: `export-subst` writes the commit into files."""
    if build is None:
        return release.commit
    recipe = hashlib.sha256(os.fsencode(f"{build.run}\0{build.artifact}")).hexdigest()
    return f"{release.commit}-{recipe[:12]}"


def _make(repository: Repository, release: Release, build: Build | None, made: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rollback-", ignore_cleanup_errors=True) as workshop:
        moment = repository.moment(release)
        tree = Path(workshop) / "tree.tar"
        repository.archive(release, tree)
        with _opened(tree, release) as archive, ExitStack() as stack:
            if build is None:
                _require_no_submodules(repository, release)
                items = from_tar(archive)
            else:
                items = stack.enter_context(built(build, release, _exported(archive, Path(workshop)), moment))
            pack(items, moment, release, made)


def _opened(tree: Path, release: Release) -> tarfile.TarFile:
    try:
        return tarfile.open(tree, "r:", encoding="utf-8", errors="surrogateescape")
    except tarfile.ReadError as error:  # a tar that ends after git's own header
        raise empty(release) from error


def _exported(archive: tarfile.TarFile, workshop: Path) -> Path:
    """Raises SourceError for what must not be unpacked: Pythons before 3.11.4 would not refuse it themselves."""
    export = workshop / "export"
    from_tar(archive)
    archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
    archive.extractall(export)
    return export


def _require_no_submodules(repository: Repository, release: Release) -> None:
    found = repository.submodules(release)
    if found:
        sentence = f"{clean_line(release.tag)} has submodules ({', '.join(found)}), which a tag does not contain"
        raise SourceError(sentence, hint="set `build:` in the playbook to a command that fetches them")


def _kept(made: Path, place: Path) -> Path:
    """Where the package is from now on: in the cache, or where it was made."""
    try:
        private_folder(place.parent)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".new-") as aside:
            new = shutil.copytree(made, Path(aside) / "new")
            if place.exists():  # it is not intact
                place.rename(Path(aside) / "old")
            new.rename(place)
    except OSError:
        return made
    shutil.rmtree(made, ignore_errors=True)
    return place
