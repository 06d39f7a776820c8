"""Items -> a tar.gz whose bytes depend on nothing but them. What may be in it is content.py's business."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from pathlib import Path
from typing import IO

from rollback.source.content import Item
from rollback.source.manifest import Entry, Sort


def write_archive(items: tuple[Item, ...], moment: int, path: Path) -> tuple[Entry, ...]:
    """Writes a tar.gz at path; moment: seconds since 1970, every entry's time. Returns the manifest's entries."""
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as packed,
        tarfile.open(
            fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape"
        ) as archive,
    ):
        return tuple(_added(archive, item, moment) for item in items)


def entry(item: Item) -> Entry:
    """As the manifest lists it."""
    match item.sort:
        case Sort.FOLDER:
            return Entry(item.sort, item.path, item.mode)
        case Sort.LINK:
            return Entry(item.sort, item.path, content=item.target)
        case Sort.FILE:
            with item.open() as file:
                digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
                return Entry(item.sort, item.path, item.mode, file.tell(), digest.hexdigest())


def _added(archive: tarfile.TarFile, item: Item, moment: int) -> Entry:
    info = tarfile.TarInfo(item.path)
    info.mode, info.mtime = item.mode, moment
    match item.sort:
        case Sort.FOLDER:
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
            return entry(item)
        case Sort.LINK:
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, item.target, 0o777
            archive.addfile(info)
            return entry(item)
        case Sort.FILE:
            with item.open() as file:
                info.size = file.seek(0, os.SEEK_END)
                file.seek(0)
                reader = _Hashed(file)
                archive.addfile(info, reader)  # type: ignore[arg-type]
            return Entry(item.sort, item.path, item.mode, info.size, reader.digest.hexdigest())


class _Hashed:
    """A file that hashes what is read from it: the manifest speaks of the very bytes that were packed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        some = self._file.read(size)
        self.digest.update(some)
        return some
