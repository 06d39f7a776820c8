"""Packages and hosts for tests of the protocol, made without git."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from rollback.hosts.requests import Turn
from rollback.model import Host, Release, Ssh
from rollback.source.manifest import Entry, Sort, read, write

PLAIN: Mapping[str, bytes] = {"app.py": b"print('hello')\n", "lib/deep/er.txt": b"", "run.sh": b"#!/bin/sh\n"}


@dataclass(frozen=True)
class Made:
    """What `rollback.source.Package` is."""

    release: Release
    archive: Path
    digest: str
    manifest: Path
    count: int
    size: int


@dataclass(frozen=True)
class Shared:
    dirs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass
class Turns:
    """The requests of one operation, in their order."""

    operation: str = "OP1"
    token: int = 1
    ttl: int = 60
    number: int = field(default=0)

    def next(self) -> Turn:
        self.number += 1
        return self.again()

    def again(self) -> Turn:
        return Turn(self.operation, self.token, self.number, self.ttl)


def host(
    root: Path, name: str = "web1", *, restart: str | None = None, drain: str | None = None, seconds: float = 20
) -> Host:
    return Host(name, str(root), Ssh(command_timeout=seconds), restart=restart, drain=drain, vars={"port": "8001"})


def package(
    release: Release,
    folder: Path,
    files: Mapping[str, bytes] = PLAIN,
    links: Mapping[str, str] | None = None,
    modes: Mapping[str, int] | None = None,
) -> Made:
    """files and links: path -> content or target; folders are made for them. modes: other than 644."""
    folder.mkdir(parents=True, exist_ok=True)
    archive, manifest = folder / f"{release.id}.tar.gz", folder / f"{release.id}.manifest"
    entries = [*_folders({**files, **(links or {})}), *_files(files, modes or {})]
    entries += [Entry(Sort.LINK, path, content=target) for path, target in (links or {}).items()]
    with tarfile.open(archive, "w:gz", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape") as tar:
        for entry in entries:
            tar.addfile(_info(entry), io.BytesIO(files[entry.path]) if entry.sort is Sort.FILE else None)
    manifest.write_bytes(write(entries))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return Made(release, archive, digest, manifest, len(entries), sum(entry.size for entry in entries))


def rebuilt(base: tuple[bytes, bytes], changes: bytes, archive: bytes) -> tuple[bytes, bytes]:
    """Manifest and archive of a release of which only what differs from the base came."""
    lines = set(base[0].splitlines(keepends=True))
    told = changes.splitlines(keepends=True)
    lines -= {line[1:] for line in told if line.startswith(b"-")}
    lines |= {line[1:] for line in told if line.startswith(b"+")}
    manifest = write(read(b"".join(lines)))
    wanted, into = {entry.path for entry in read(manifest)}, io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz", errors="surrogateescape") as new:
        for part in (base[1], archive):
            with tarfile.open(fileobj=io.BytesIO(part), mode="r:gz", errors="surrogateescape") as old:
                for member in old:
                    if member.name in wanted:  # of one that is there twice, the last counts
                        new.addfile(member, old.extractfile(member) if member.isreg() else None)
    return manifest, into.getvalue()


def streamed(release: str, made: tuple[str, str, str], payload: tuple[bytes, bytes], into: IO[bytes]) -> None:
    """What a host streams of a release whose package this was. made: its tag, commit and tree."""
    manifest, archive = payload
    sealed = write(replace(entry, mode=entry.mode & ~0o222) for entry in read(manifest))
    with (
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz", errors="surrogateescape") as old,
        tarfile.open(fileobj=into, mode="w:gz", errors="surrogateescape") as new,
    ):
        for member in old:
            file = old.extractfile(member) if member.isreg() else None
            member.name, member.mode = f"releases/{release}/{member.name}", member.mode & ~0o222
            new.addfile(member, file)
        for name, text in (
            (f".rollback/complete/{release}", f"{' '.join(made)}\n".encode() + sealed),
            (f"releases/{release}/REVISION", f"{' '.join(made[:2])}\n".encode()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            new.addfile(info, io.BytesIO(text))
    into.seek(0)


def _folders(paths: Mapping[str, object]) -> list[Entry]:
    parents = {str(parent) for path in paths for parent in Path(path).parents} - {"."}
    return [Entry(Sort.FOLDER, path, 0o755) for path in sorted(parents)]


def _files(files: Mapping[str, bytes], modes: Mapping[str, int]) -> list[Entry]:
    return [
        Entry(Sort.FILE, path, modes.get(path, 0o644), len(content), hashlib.sha256(content).hexdigest())
        for path, content in files.items()
    ]


def _info(entry: Entry) -> tarfile.TarInfo:
    info = tarfile.TarInfo(entry.path)
    info.mode, info.size = entry.mode, entry.size
    if entry.sort is Sort.FOLDER:
        info.type = tarfile.DIRTYPE
    if entry.sort is Sort.LINK:
        info.type, info.linkname = tarfile.SYMTYPE, entry.content
    return info
