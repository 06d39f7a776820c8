"""Record <-> one JSON line, and back to exactly the same value. Pure ASCII: a tag's raw bytes travel as lone,
escaped surrogates.

What a line says is checked here, because lines also come from hosts; whether it is wanted is not decided here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter
from ulid import ULID

from rollback.model import Fact, Judged, Marked, Record, Release, Started, Withdrawn, encode_tag

KINDS: dict[str, type[Fact]] = {kind.__name__.lower(): kind for kind in get_args(Fact)}
HULL = "null"
OPEN = "@at@"  # stands for a time that whoever writes the line down fills in
_OBJECT_ID = re.compile(r"[0-9A-Za-z]{0,64}")  # it becomes part of a folder's name


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it is stored. body: the fact as JSON, so that kinds of a later version are kept unread.

    after, digest: see chain.py. cut: the body was shortened on its way through a host; "null": nothing is left of it.
    """

    id: str
    at: str
    app: str
    environment: str
    operation: str
    author: str
    kind: str
    body: str
    after: str = ""
    digest: str = ""
    cut: bool = False


class Corrupt(ValueError):
    """Not a record."""


def entry(record: Record) -> Entry:
    """The stored form of a record."""
    kind = type(record.fact).__name__.lower()
    where = (record.app, record.environment, record.operation, record.author)
    return Entry(record.id, record.at.isoformat(), *where, kind, body(record.fact))


def body(fact: Fact) -> str:
    """A fact as JSON, on one line."""
    dumped = _adapter(type(fact).__name__.lower()).dump_python(fact, mode="json")
    return json.dumps(dumped, separators=(",", ":"))


def found_by(stored: Entry) -> dict[str, str]:
    """What a record is looked up by. about: 12 digits of the commit that was started or judged. tag: of a start."""
    try:
        fact = _fact(stored.kind, stored.body) if stored.kind in _ABOUT and not is_hull(stored) else None
    except Corrupt:
        fact = None
    if isinstance(fact, Started):
        return {"about": fact.target.commit[:12], "tag": encode_tag(fact.target.tag)}
    return {"about": fact.release.commit[:12] if isinstance(fact, Judged | Marked | Withdrawn) else "", "tag": ""}


def record(stored: Entry) -> Record | None:
    """The record, or None when its kind is of a later version, or nothing is left of it. Raises Corrupt."""
    if stored.kind not in KINDS or is_hull(stored):
        return None
    fact = _fact(stored.kind, stored.body)
    where = (stored.app, stored.environment, stored.operation, stored.author)
    return Record(stored.id, _moment(stored.at), *where, fact)


def to_line(stored: Entry) -> bytes:
    """One JSON object on one line, ending in a newline."""
    named = {name: value for name in _NAMES if (value := getattr(stored, name)) or name not in _CHAIN}
    named["body"] = json.loads(stored.body)
    return json.dumps(named, separators=(",", ":")).encode("ascii") + b"\n"


def from_line(line: bytes) -> Entry:
    """Raises Corrupt for anything that `to_line` would not have written; unknown kinds are let through."""
    try:
        named = json.loads(line)
        body = json.dumps(named.pop("body"), separators=(",", ":"))
        at = _moment(named.pop("at")).isoformat()
        stored = _TEXTS.validate_python({**named, "at": at, "body": body})
        _checked(stored)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise Corrupt(f"not a record: {type(error).__name__}") from error
    return stored


def from_lines(lines: bytes) -> tuple[tuple[Entry, ...], int]:
    """What is there, and how many lines were none."""
    found, corrupt = [], 0
    for line in filter(None, lines.split(b"\n")):
        try:
            found.append(from_line(line))
        except Corrupt:
            corrupt += 1
    return tuple(found), corrupt


_TEXTS = TypeAdapter(Entry)
_NAMES = tuple(field.name for field in fields(Entry))
_CHAIN = {"after", "digest", "cut"}
_ABOUT = {"started", "judged", "marked", "withdrawn"}


def is_hull(stored: Entry) -> bool:
    """A host's room was too small even for its shortest form: that it was is all that is left."""
    return stored.cut and stored.body == HULL


def _checked(stored: Entry) -> None:
    if str(ULID.from_str(stored.id)) != stored.id:
        raise Corrupt("the id is not a ULID")
    for text in (stored.app, stored.environment, stored.operation, stored.author, stored.kind):
        text.encode("utf-8")  # raises for what no database would take
    (stored.after + stored.digest).encode("ascii")
    plain = json.dumps(json.loads(stored.body), ensure_ascii=False)
    plain.encode("utf-8", "surrogateescape")  # raises for what stands for no byte
    if stored.kind in KINDS and not is_hull(stored):
        _check_releases(_fact(stored.kind, stored.body))


def _check_releases(fact: Fact) -> None:
    ids = (one for release in releases(fact) for one in (release.commit, release.tree))
    if not all(map(_OBJECT_ID.fullmatch, ids)):
        raise Corrupt("a release whose commit or tree is no object id")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Corrupt("a time that is none") from error


def _fact(kind: str, body: str) -> Fact:
    """Lone surrogates are beyond the quick reader, which matters: a ledger of years is read before every rollback."""
    try:
        adapter = _adapter(kind)
        fact: Fact = adapter.validate_python(json.loads(body)) if "\\ud" in body else adapter.validate_json(body)
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"not a fact of kind {kind}") from error
    return fact


def releases(value: object) -> tuple[Release, ...]:
    """Every release that a fact mentions."""
    if isinstance(value, Release):
        return (value,)
    if isinstance(value, tuple):
        return tuple(found for one in value for found in releases(one))
    if is_dataclass(value):
        return tuple(found for one in fields(value) for found in releases(getattr(value, one.name)))
    return ()


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])
