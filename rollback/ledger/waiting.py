"""Lines that could not go into the database yet: one file an operation, ours alone, added to the database later.

A lock on the file keeps a line from being written into a file that another process has just emptied into the database.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rollback.model import encode_tag
from rollback.private import private_folder


class Waiting:
    """A folder of JSON Lines files, made when it is first needed. Everything here raises OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, operation: str, lines: bytes) -> None:
        """Adds lines to the operation's file, and on the disk before it returns."""
        private_folder(self.folder)
        path = self.folder / f"{encode_tag(operation)}.jsonl"
        with _locked(path, os.O_RDWR | os.O_CREAT) as handle:
            torn = os.fstat(handle).st_size and os.pread(handle, 1, os.fstat(handle).st_size - 1) != b"\n"
            _write_all(handle, b"\n" * bool(torn) + lines)
            os.fsync(handle)

    def files(self) -> tuple[Path, ...]:
        """Files that wait, oldest operation first."""
        return tuple(sorted(self.folder.glob("*.jsonl"))) if self.folder.is_dir() else ()

    def lines(self, path: Path) -> bytes:
        """A file's lines; none when another process has just moved them into the database."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return b""

    @contextmanager
    def taken(self, path: Path) -> Iterator[tuple[bytes, Callable[[], None]]]:
        """The file's lines, and what deletes it. Nobody adds to it meanwhile."""
        with _locked(path, os.O_RDWR) as handle:
            yield _read_all(handle), path.unlink


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[int]:
    """An open, locked file that still has its name."""
    while True:
        handle = os.open(path, flags | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                yield handle
                return
        finally:
            os.close(handle)


def _read_all(handle: int) -> bytes:
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(os.dup(handle), "rb") as file:
        return file.read()


def _write_all(handle: int, lines: bytes) -> None:
    while lines:
        lines = lines[os.write(handle, lines) :]
