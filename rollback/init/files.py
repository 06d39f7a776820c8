"""A work tree's texts, read within bounds: whoever wrote the repository, looking at it ends and stays in it.

No link is followed, only regular files are opened, and folders that hold other people's code are left out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from rollback.text import clean_line

Files = Mapping[str, str]  # path in the work tree, with slashes -> text

ENTRIES = 4000  # looked at, folders included
EACH = 256 * 1024  # bytes of one file; a longer one is cut
WHOLE = 8 * 1024 * 1024  # bytes of all files
DEEP = 6  # folders

_SUFFIXES = {".py", ".js", ".mjs", ".cjs", ".ts", ".toml", ".txt", ".json", ".html"}
_NAMES = {"Procfile", "Dockerfile"}
_FOREIGN = {"node_modules", "vendor", "venv", "env", "site-packages", "__pycache__", "test", "tests", "spec", "docs"}


def read(folder: Path) -> Files:
    """Texts that say what an app is; the files at the top come first. What can't be read is left out."""
    texts: dict[str, str] = {}
    left = WHOLE
    for path, name in islice(_walk(folder), ENTRIES):
        if left <= 0:
            break
        data = _bytes(path, min(EACH, left)) if _telling(name) else None
        if data is not None:
            texts[name] = data.decode("utf-8", "replace")
            left -= len(data)
    return MappingProxyType(texts)


def _telling(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last in _NAMES or Path(last).suffix in _SUFFIXES


def _walk(top: Path) -> Iterator[tuple[Path, str]]:
    """Every entry with its name in the tree, breadth first."""
    folders = [(top, "")]
    for folder, prefix in folders:
        for entry in _entries(folder):
            name = prefix + entry.name
            yield Path(entry.path), name
            if entry.is_dir(follow_symlinks=False) and entry.name not in _FOREIGN and name.count("/") < DEEP:
                folders.append((Path(entry.path), f"{name}/"))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Sorted, at most ENTRIES; hidden ones, and names that could not be shown, are none."""
    try:
        with os.scandir(folder) as found:
            entries = list(islice(found, ENTRIES))
    except OSError:
        return []
    plain = (entry for entry in entries if not entry.name.startswith(".") and clean_line(entry.name) == entry.name)
    return sorted(plain, key=lambda entry: entry.name)


def _bytes(path: Path, most: int) -> bytes | None:
    try:
        with open(path, "rb", opener=_opened) as file:
            return file.read(most) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


def _opened(path: str, flags: int) -> int:
    """Non-blocking: opening a named pipe would wait for its writer for ever."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
