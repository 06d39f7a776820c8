"""The ten invariants, read off the hosts' disks: what must be true of a fleet once a rollback has settled it.

Nothing of the product is asked but what a manifest's lines mean: it might be wrong in the same way twice.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollback.source.manifest import Entry, Sort, read


@dataclass(frozen=True)
class Before:
    """What the hosts showed before a rollback settled them. touched: ids of operations that had begun to change one."""

    tokens: Mapping[str, int]
    touched: frozenset[str]


def before(hosts: Mapping[str, Path]) -> Before:
    """hosts: their roots, by name."""
    touched = {one for root in hosts.values() for one in _touched(root)}
    return Before({name: _token(root) for name, root in hosts.items()}, frozenset(touched))


def _touched(root: Path) -> Iterator[str]:
    intent, lease = _words(root, "intent"), _words(root, "lease")
    yield from intent[:1]
    if lease and lease[5] != "start":
        yield lease[0]


def broken(hosts: Mapping[str, Path], home: Path, since: Before, secret: str) -> list[str]:
    """A sentence for everything that is not as it must be. home: the operator's. secret: must be nowhere."""
    records = _records(hosts, home)
    good = _known_good(records)
    found = [f"{name}: {problem}" for name, root in hosts.items() for problem in _host(root, good)]
    found += [
        f"{name}: token {_token(root)} after {since.tokens[name]}"
        for name, root in hosts.items()
        if _token(root) <= since.tokens[name]
    ]
    live = {_live(root) for root in hosts.values()}
    if len(live) != 1 or not live <= set(good):
        found.append(f"live are {live}, known good are {good}")
    found += [f"nothing is recorded of {one}" for one in since.touched - {record["operation"] for record in records}]
    found += [
        f"the secret is in {path}"
        for path in _files(home, *(root / ".rollback" for root in hosts.values()))
        if secret.encode() in path.read_bytes()
    ]
    return found


def _host(root: Path, good: list[str]) -> Iterator[str]:
    state = root / ".rollback"
    link = root / "current"
    if not link.is_symlink() or not str(link.readlink()).startswith("releases/"):
        yield "current is no link to a release"
    for left in ("intent", "lease", "incoming", "trash", "sealing", "output", "preparing"):
        if (state / left).exists():
            yield f"{left} was left behind"
    previous = (state / "previous").read_text().strip()
    for one in {_live(root), previous, *good[-2:]}:
        if not (state / "complete" / one).is_file():
            yield f"{one} is no longer complete"
    for one in sorted(path.name for path in (state / "complete").iterdir()):
        yield from (f"{one}: {problem}" for problem in _bytes(root / "releases" / one, state / "complete" / one))
    for path in (state, *state.rglob("*")):
        if stat.S_IMODE(path.lstat().st_mode) & 0o077 and not _inside_private(path, state):
            yield f"others may read {path}"


def _inside_private(path: Path, state: Path) -> bool:
    """A folder that only its owner may enter keeps what is in it."""
    return path != state and stat.S_IMODE(state.stat().st_mode) == 0o700


def _bytes(folder: Path, complete: Path) -> Iterator[str]:
    """A complete release's bytes match its manifest."""
    head, *lines = complete.read_bytes().splitlines(keepends=True)
    tag, commit = head.decode().split()[:2]
    if (folder / "REVISION").read_text() != f"{tag} {commit}\n":
        yield f"REVISION is not {tag} {commit}"
    for entry in read(b"".join(lines)):
        if not _matches(folder / entry.path, entry):
            yield f"{entry.path} is not as its manifest says"


def _matches(path: Path, entry: Entry) -> bool:
    match entry.sort:
        case Sort.LINK:
            return path.is_symlink() and str(path.readlink()) == entry.content
        case Sort.FOLDER:
            return path.is_dir() and stat.S_IMODE(path.stat().st_mode) == entry.mode
        case Sort.FILE:
            sums = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry.content
            return sums and stat.S_IMODE(path.stat().st_mode) == entry.mode


def _live(root: Path) -> str:
    return str((root / "current").readlink()).removeprefix("releases/")


def _words(root: Path, name: str) -> list[str]:
    path = root / ".rollback" / name
    return path.read_text().split() if path.exists() else []


def _token(root: Path) -> int:
    return int(_words(root, "token")[0])


def _files(*folders: Path) -> Iterator[Path]:
    return (path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _records(hosts: Mapping[str, Path], home: Path) -> list[Mapping[str, Any]]:
    """Of the journals and the ledger together, by id: a set, so merging is a union."""
    lines = [
        line
        for root in hosts.values()
        for path in (root / ".rollback/journal").iterdir()
        for line in path.read_text().splitlines()
    ]
    lines += [line for path in home.rglob("waiting/*.jsonl") for line in path.read_text().splitlines()]
    found = {one["id"]: one for one in map(json.loads, lines)}
    for database in home.rglob("*.sqlite3"):
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as ledger:
            ledger.row_factory = sqlite3.Row
            rows = [dict(row) for row in ledger.execute("select * from records")]
        found |= {row["id"]: {**row, "body": json.loads(row["body"])} for row in rows}
    return [found[one] for one in sorted(found)]


def _known_good(records: list[Mapping[str, Any]]) -> list[str]:
    """Ids of the releases whose last verdict is good, in the order of those verdicts."""
    grades: dict[str, str] = {}
    for one in records:
        if one["kind"] == "judged" and one["body"]["verdict"]["grade"] != "unknown":
            release = one["body"]["release"]
            name = f"{release['tag']}-{release['commit'][:12]}"
            grades.pop(name, None)
            grades[name] = one["body"]["verdict"]["grade"]
    return [release for release, grade in grades.items() if grade == "good"]
