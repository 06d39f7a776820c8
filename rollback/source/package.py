"""A release as one archive that is the same wherever it is made, with its manifest; made once and kept in a cache.

The archive is a tar.gz in GNU format, which every tar reads, also busybox's. Its entries are sorted, without owners,
and bear the commit's time (not zero: web servers make ETags of it). The cache goes by commit and build, is written
under another name and renamed, and is checked by digest whenever it is used.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tarfile
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rollback.errors import SourceError
from rollback.model import Release
from rollback.source.archive import write_archive
from rollback.source.build import Build, built
from rollback.source.content import Item, from_tar
from rollback.source.manifest import write
from rollback.source.repository import Repository
from rollback.text import clean_line

_ARCHIVE, _MANIFEST, _SEAL = "archive.tar.gz", "manifest", "seal"
_FORMAT = "packages-1"  # what was packed by other rules is not found again


@dataclass(frozen=True, slots=True)
class Package:
    """archive: a tar.gz; digest: its sha256 in hex. manifest: see manifest.py. count: entries. size: unpacked bytes."""

    release: Release
    archive: Path
    digest: str
    manifest: Path
    count: int
    size: int


def package(repository: Repository, release: Release, build: Build | None, cache: Path) -> Package:
    """The release's package, from the cache if it is there and intact. A cache that can't be written is done without.

    Raises SourceError (git can't give the tree, or something in it is unsafe) and Abandoned (the build failed).
    """
    place = cache / _FORMAT / _key(release, build)
    kept = _intact(release, place)
    if kept is not None:
        return kept
    try:
        made = Path(tempfile.mkdtemp(prefix="rollback-package-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        _make(repository, release, build, made)
    except OSError as error:
        sentence = f"the package of {clean_line(release.tag)} can't be made: {clean_line(str(error))}"
        raise SourceError(sentence, hint="free some space, or set TMPDIR to a folder that has it") from error
    return _intact(release, place) or _sealed(release, _kept(made, place))  # another process may have been quicker


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
            _write(items, moment, release, made)


def _opened(tree: Path, release: Release) -> tarfile.TarFile:
    try:
        return tarfile.open(tree, "r:", encoding="utf-8", errors="surrogateescape")
    except tarfile.ReadError as error:  # a tar that ends after git's own header
        raise _empty(release) from error


def _empty(release: Release) -> SourceError:
    return SourceError(f"the tree of {clean_line(release.tag)} is empty", hint="are all files export-ignore?")


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


def _write(items: tuple[Item, ...], moment: int, release: Release, made: Path) -> None:
    if not items:
        raise _empty(release)
    entries = write_archive(items, moment, made / _ARCHIVE)
    (made / _MANIFEST).write_bytes(write(entries))
    size = sum(entry.size for entry in entries)
    seal = (_sha256(made / _ARCHIVE), _sha256(made / _MANIFEST), str(len(entries)), str(size))
    (made / _SEAL).write_text(" ".join(seal), "ascii")


def _kept(made: Path, place: Path) -> Path:
    """Where the package is from now on: in the cache, or where it was made."""
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".new-") as aside:
            new = shutil.copytree(made, Path(aside) / "new")
            if place.exists():  # it is not intact
                place.rename(Path(aside) / "old")
            new.rename(place)
    except OSError:
        return made
    shutil.rmtree(made, ignore_errors=True)
    return place


def _intact(release: Release, place: Path) -> Package | None:
    """The package there, if its files are the ones that were sealed."""
    try:
        found = _sealed(release, place)
        archive, manifest = _sha256(found.archive), _sha256(found.manifest)
        return found if (place / _SEAL).read_text("ascii").startswith(f"{archive} {manifest} ") else None
    except (OSError, ValueError):
        return None


def _sealed(release: Release, place: Path) -> Package:
    digest, _, count, size = (place / _SEAL).read_text("ascii").split(" ")
    return Package(release, place / _ARCHIVE, digest, place / _MANIFEST, int(count), int(size))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
