"""What of a release a host lacks that has another one complete: the rest it copies from there.

Both sides start from the other one's manifest. So the changes are its lines that are gone (`-LINE`) and those that are
new (`+LINE`), and the archive holds just the entries of the new ones. The host's copy of that manifest is its seal:
without what prepare rewrote, with names' odd bytes. Where its sum is not `whole` nothing is built on it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rollback.model import Release
from rollback.source.manifest import read

_MOST = 256 * 1024 * 1024  # bytes: a delta is held in memory, once for all hosts
_PAYS = 0.75  # of the release: where more than this is new, all of it goes as it is
_OURS = "REVISION"  # the host writes it itself


class Package(Protocol):
    """What is read of a package."""

    @property
    def archive(self) -> Path: ...
    @property
    def manifest(self) -> Path: ...
    @property
    def size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Delta:
    """archive: a tar.gz; digest: its sha256 in hex. whole: that of the new manifest's lines, sorted as bytes.
    moment: every entry's time, seconds since 1970."""

    base: Release
    changes: bytes
    archive: bytes
    digest: str
    whole: str
    moment: int


def delta(package: Package, base: Release, manifest: bytes, shared: Iterable[str]) -> Delta | None:
    """manifest: of the base's package. shared: paths that releases share: what lies there is not in a seal.

    None when it does not pay."""
    before, lines = _lines(manifest), _lines(package.manifest.read_bytes())
    stays = {line for line in before.intersection(lines) if _is_sealed(line, tuple(shared))}
    fresh = [line for line in lines if line not in stays]
    entries = read(b"".join(fresh))
    if sum(entry.size for entry in entries) > min(_MOST, _PAYS * package.size):
        return None
    changes = [b"-" + line for line in sorted(before - stays) if b"%" not in line]
    changes += [b"+" + line for line in sorted(fresh)]
    archive, moment = _archive(package, {entry.path for entry in entries})
    whole = hashlib.sha256(b"".join(sorted(lines))).hexdigest()
    return Delta(base, b"".join(changes), archive, hashlib.sha256(archive).hexdigest(), whole, moment)


def _lines(manifest: bytes) -> frozenset[bytes]:
    return frozenset(manifest.splitlines(keepends=True))


def _is_sealed(line: bytes, shared: tuple[str, ...]) -> bool:
    """Will a host have it in its seal, and under a name that it can give to its tools as it is?"""
    if b"%" in line:
        return False
    path = line.decode("ascii").rstrip("\n").rpartition("\t")[2]
    return path != _OURS and not any(f"{path}/".startswith(f"{one}/") for one in shared)


def _archive(package: Package, wanted: Container[str]) -> tuple[bytes, int]:
    """Those entries as a tar.gz, and every entry's time."""
    into, moment = io.BytesIO(), 0
    with (
        tarfile.open(package.archive, "r:gz", encoding="utf-8", errors="surrogateescape") as whole,
        gzip.GzipFile("", "wb", 6, into, mtime=0) as packed,
        tarfile.open(
            fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape"
        ) as some,
    ):
        for member in whole:
            moment = int(member.mtime)
            if member.name in wanted:
                some.addfile(member, whole.extractfile(member) if member.isreg() else None)
    return into.getvalue(), moment
