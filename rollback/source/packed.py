"""A package: a release as one archive that is the same wherever it is made, with its manifest and its seal.

The archive is a tar.gz in GNU format, which every tar reads, also busybox's. Its entries are sorted, without owners,
and bear the commit's time (not zero: web servers make ETags of it).
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rollback.errors import SourceError
from rollback.model import Release
from rollback.source.archive import write_archive
from rollback.source.content import Item
from rollback.source.manifest import write
from rollback.text import clean_line

_ARCHIVE, _MANIFEST, _SEAL = "archive.tar.gz", "manifest", "seal"


@dataclass(frozen=True, slots=True)
class Package:
    """archive: a tar.gz; digest: its sha256 in hex. manifest: see manifest.py. count: entries. size: unpacked bytes."""

    release: Release
    archive: Path
    digest: str
    manifest: Path
    count: int
    size: int


def new_place() -> Path:
    """A folder that is there until we end."""
    made = Path(tempfile.mkdtemp(prefix="rollback-package-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def pack(items: tuple[Item, ...], moment: int, release: Release, made: Path) -> Package:
    """The package of these items, in the folder `made`. moment: seconds since 1970, every entry's time."""
    if not items:
        raise empty(release)
    entries = write_archive(items, moment, made / _ARCHIVE)
    (made / _MANIFEST).write_bytes(write(entries))
    size = sum(entry.size for entry in entries)
    seal = (_sha256(made / _ARCHIVE), _sha256(made / _MANIFEST), str(len(entries)), str(size))
    (made / _SEAL).write_text(" ".join(seal), "ascii")
    return sealed(release, made)


def sealed(release: Release, place: Path) -> Package:
    """The package that was made there."""
    digest, _, count, size = (place / _SEAL).read_text("ascii").split(" ")
    return Package(release, place / _ARCHIVE, digest, place / _MANIFEST, int(count), int(size))


def intact(release: Release, place: Path) -> Package | None:
    """The package there, if its files are the ones that were sealed."""
    try:
        found = sealed(release, place)
        archive, manifest = _sha256(found.archive), _sha256(found.manifest)
        return found if (place / _SEAL).read_text("ascii").startswith(f"{archive} {manifest} ") else None
    except (OSError, ValueError):
        return None


def manifest(place: Path) -> bytes | None:
    """The manifest of the package there, if it is the one that was sealed."""
    try:
        text = (place / _MANIFEST).read_bytes()
        return text if hashlib.sha256(text).hexdigest() == (place / _SEAL).read_text("ascii").split(" ")[1] else None
    except (OSError, ValueError, IndexError):
        return None


def empty(release: Release) -> SourceError:
    return SourceError(f"the tree of {clean_line(release.tag)} is empty", hint="are all files export-ignore?")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
