"""A release that one host has, packed for another one that lacks it while git is away.

What came is compared with what was sealed when it was prepared there: nothing that a disk or a person has changed since
goes any further. What the playbook's commands added goes along: they may need the network to add it again.
"""

from __future__ import annotations

import gzip
import posixpath
import tarfile
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import IO

from rollback.errors import SourceError
from rollback.model import Release, encode_tag
from rollback.source.content import Item, from_host
from rollback.source.manifest import Entry, Sort, read
from rollback.source.packed import Package, new_place, pack
from rollback.text import clean_line

_MOST = 16 * 1024**3  # bytes unpacked: a small archive could be made to fill our disk
_PIECE = 256 * 1024
_OURS = "REVISION"  # whoever receives a release writes it anew
_WRITE = 0o222  # sealing took these away


def carried(release: Release, came: IO[bytes], most: int = _MOST) -> Package:
    """came: a tar.gz of `releases/ID` and `.rollback/complete/ID`, read from where it stands. most: bytes unpacked.

    Raises SourceError.
    """
    try:
        with tempfile.TemporaryFile(prefix="rollback-") as plain, gzip.GzipFile(fileobj=came) as packed:
            _unzip(packed, plain, most)
            with tarfile.open(fileobj=plain, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
                return _packed(release, archive)
    except (tarfile.TarError, EOFError, zlib.error, OSError, KeyError, ValueError) as error:
        said = clean_line(str(error))
        raise SourceError(f"what it sent of {clean_line(release.tag)} could not be unpacked: {said}") from error


def _unzip(packed: gzip.GzipFile, plain: IO[bytes], most: int) -> None:
    while piece := packed.read(_PIECE):
        if plain.tell() + len(piece) > most:
            raise ValueError(f"it is more than {most} bytes")
        plain.write(piece)
    plain.seek(0)


def _packed(release: Release, archive: tarfile.TarFile) -> Package:
    top, sealed = f"releases/{release.id}", _sealed(release, archive)
    kept = {entry.path for entry in sealed}
    items = from_host(archive, top)
    moments = (archive.getmember(f"{top}/{item.path}").mtime for item in items if item.path in kept)
    package = pack(
        tuple(item for item in items if item.path in kept or not _is_anew(item, top)),
        int(min(moments, default=0)),
        release,
        new_place(),
    )
    _require_intact(release, sealed, read(package.manifest.read_bytes()))
    return package


def _sealed(release: Release, archive: tarfile.TarFile) -> tuple[Entry, ...]:
    file = archive.extractfile(f".rollback/complete/{release.id}")
    made, _, manifest = (file.read() if file else b"").partition(b"\n")
    if made.decode("ascii") != f"{encode_tag(release.tag)} {release.commit} {release.tree}":
        raise ValueError("it was made from another commit")
    return tuple(entry for entry in read(manifest) if entry.path != _OURS)


def _is_anew(item: Item, top: str) -> bool:
    """Whatever host receives it makes it anew: what names the release, and the links to what is shared."""
    target = posixpath.normpath(posixpath.join(top, posixpath.dirname(item.path), item.target))
    return item.path == _OURS or (item.sort is Sort.LINK and target.startswith("shared/"))


def _require_intact(release: Release, sealed: Iterable[Entry], found: Iterable[Entry]) -> None:
    there = {replace(entry, mode=entry.mode & ~_WRITE) for entry in found}
    damaged = [entry.path for entry in sealed if entry not in there]
    if damaged:
        said = f"{len(damaged)} entries differ from its manifest, one is {clean_line(damaged[0])}"
        raise SourceError(f"{clean_line(release.tag)} is damaged there: {said}")
