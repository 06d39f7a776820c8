"""What a release consists of, read from a tar or a folder into a form that is safe to unpack anywhere.

Refused: absolute names, `..`, devices and pipes, names that pass through a link, links that leave the release.
Owners, times and special permission bits are dropped: they say nothing about the release.
"""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from rollback.errors import SourceError
from rollback.source.manifest import Sort
from rollback.text import clean_line

_FOLLOWED = 40  # links on one path: Linux gives up at the same number


def _nothing() -> IO[bytes]:
    raise ValueError("only a file has content")


@dataclass(frozen=True, slots=True)
class Item:
    """One file, link or folder. open: gives a file's bytes, as often as asked."""

    sort: Sort
    path: str
    mode: int = 0
    target: str = ""
    open: Callable[[], IO[bytes]] = _nothing


def from_tar(archive: tarfile.TarFile) -> tuple[Item, ...]:
    """The items of an open, seekable tar, sorted by path. Raises SourceError for anything unsafe."""
    return _safe(_from_member(archive, member) for member in archive.getmembers() if _path(member.name))


def from_host(archive: tarfile.TarFile, top: str) -> tuple[Item, ...]:
    """The items below `top` in a tar that a host made of a release, sorted by path, writable by their owner again.

    What was prepared there has modes of its own, and links that leave it (a virtualenv's Python). Raises SourceError.
    """
    inside = (member for member in archive.getmembers() if _path(member.name).startswith(f"{top}/"))
    return _sorted(_standing(_prepared(archive, member, top) for member in inside))


def _prepared(archive: tarfile.TarFile, member: tarfile.TarInfo, top: str) -> Item:
    item = _from_member(archive, member)
    return replace(item, path=item.path.removeprefix(f"{top}/"), mode=member.mode & 0o777 | stat.S_IWUSR)


def from_folder(folder: Path) -> tuple[Item, ...]:
    """The items under a folder, sorted by path. Raises SourceError for anything unsafe."""
    found = (Path(top) / name for top, folders, files in os.walk(folder) for name in (*folders, *files))
    return _safe(_from_path(folder, path) for path in found)


def _from_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Item:
    path = _path(member.name)
    if member.isdir():
        return _folder(path)
    if member.issym():
        return Item(Sort.LINK, path, target=member.linkname)
    if member.isreg() or member.islnk():  # a hard link becomes a file of its own
        return Item(Sort.FILE, path, _mode(member.mode), open=lambda: _extracted(archive, member))
    raise _unsafe(path, "is neither file, folder nor link")


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    try:
        file = archive.extractfile(member)
    except KeyError:
        file = None
    if file is None:
        raise _unsafe(member.name, "is a hard link to nothing")
    return file


def _from_path(top: Path, path: Path) -> Item:
    name = str(path.relative_to(top))
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return Item(Sort.LINK, name, target=str(path.readlink()))
    if stat.S_ISDIR(mode):
        return _folder(name)
    if stat.S_ISREG(mode):
        return Item(Sort.FILE, name, _mode(mode), open=lambda: path.open("rb"))
    raise _unsafe(name, "is neither file, folder nor link")


def _folder(path: str) -> Item:
    return Item(Sort.FOLDER, path, 0o755)


def _mode(mode: int) -> int:
    return 0o755 if mode & stat.S_IXUSR else 0o644


def _path(name: str) -> str:
    """The name without `.` and doubled slashes; "" for the top itself."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts:
        raise _unsafe(name, "would be unpacked outside its folder")
    return "/".join(parts)


def _safe(items: Iterable[Item]) -> tuple[Item, ...]:
    found = _standing(items)
    for item in found.values():
        if item.sort is Sort.LINK and _leaves(item, found):
            raise _unsafe(item.path, f"is a link that leaves the release (to {clean_line(item.target)})")
    return _sorted(found)


def _standing(items: Iterable[Item]) -> dict[str, Item]:
    """By path, each in a folder that is there, too."""
    found = {item.path: item for item in items}  # in a tar, the last of a name counts
    for path in tuple(found):
        for parent in _parents(path):
            found.setdefault(parent, _folder(parent))
            if found[parent].sort is not Sort.FOLDER:
                raise _unsafe(path, f"passes through {clean_line(parent)}, which is no folder")
    return found


def _sorted(items: Mapping[str, Item]) -> tuple[Item, ...]:
    return tuple(sorted(items.values(), key=lambda item: os.fsencode(item.path)))


def _parents(path: str) -> tuple[str, ...]:
    parts = path.split("/")
    return tuple("/".join(parts[:end]) for end in range(1, len(parts)))


def _leaves(link: Item, items: Mapping[str, Item]) -> bool:
    """Does following it, through other links too, ever step outside? Comparing names is not enough: a link to `d/..` is
    outside when `d` is a link to the top."""
    here = posixpath.dirname(link.path).split("/") if "/" in link.path else []
    ahead = list(reversed(_steps(link.target)))
    followed = 1
    while ahead:
        step = ahead.pop()
        if step == "/" or (step == ".." and not here) or followed > _FOLLOWED:
            return True
        if step == "..":
            here.pop()
            continue
        met = items.get("/".join([*here, step]))
        if met is not None and met.sort is Sort.LINK:
            ahead += reversed(_steps(met.target))
            followed += 1
        else:
            here.append(step)
    return False


def _steps(target: str) -> list[str]:
    steps = [step for step in target.split("/") if step not in {"", "."}]
    return ["/", *steps] if target.startswith("/") else steps


def _unsafe(path: str, what: str) -> SourceError:
    return SourceError(f"{clean_line(path)} {what}", hint="remove it from what is released, and tag again")
