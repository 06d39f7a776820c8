"""The questions of rollback.core.shelf.Shelf, in SQL: of one environment, each answered from an index.

SQLite knows nothing of how much an index leaves to be read. It takes one that spares it sorting over one that finds, so
nothing is sorted or told apart that Python can; and of two it takes the one with the shorter list of values, so nothing
that is asked about beside such a list is a value of another index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, union_all

from rollback.ledger.database import CHUNK, ENTRIES
from rollback.ledger.schema import RECORDS
from rollback.model import encode_tag

_C = RECORDS.c
_NAMERS = ("started", "ended")
PAGE = 5000  # records
_FEW = 50  # hosts in one question


@dataclass(frozen=True, slots=True)
class Questions:
    app: str
    environment: str

    @property
    def all(self) -> Select[Any]:
        return ENTRIES.where(*self._here)

    def of(self, operations: Iterable[str]) -> Iterator[Select[Any]]:
        return (self.all.where(_C.operation.in_(chunk)) for chunk in _chunks(operations))

    def page(self, last: str) -> Select[Any]:
        return self.all.where(_C.id > last).order_by(_C.id).limit(PAGE)

    def newest(self, count: int) -> Select[Any]:
        return self._operations().distinct().order_by(_C.operation.desc()).limit(count)

    def last(self) -> Select[Any]:
        return self.all.order_by(_C.id.desc()).limit(1)

    def beginning(self, start: str) -> Select[Any]:
        """Operations whose ids begin so: upper case letters and digits."""
        return self._operations(_C.operation >= start, _C.operation < f"{start}~").distinct().limit(2)

    def known(self, operations: Iterable[str]) -> Iterator[Select[Any]]:
        return (self._operations(_C.operation.in_(chunk)).distinct() for chunk in _chunks(operations))

    def since(self, record: str, until: str) -> Select[Any]:
        return self._operations(_C.id >= record, _C.id <= until)

    def judging(self, digits: Iterable[str]) -> Iterator[Select[Any]]:
        """Whatever is about a commit, but its starts."""
        return (self._operations(_C.about.in_(chunk), _C.kind != "started") for chunk in _chunks(digits))

    def starting(self, tags: Iterable[str]) -> Iterator[Select[Any]]:
        """Only a start has a tag."""
        return (self._operations(_C.tag.in_(chunk)) for chunk in _chunks(map(encode_tag, tags)))

    def latest(self, kinds: Iterable[str]) -> Select[Any]:
        ordered = (self._last(_C.operation, _C.kind == kind) for kind in sorted(kinds))
        return select(union_all(*(select(one.subquery()) for one in ordered)).subquery())

    def naming(self, hosts: Iterable[str], before: str) -> Iterator[Select[Any]]:
        """Some may name a host only by the way: then more is read than must be."""
        for chunk in _chunks(hosts, _FEW) if hosts else ((),):
            named = [_C.body.contains(json.dumps(host), autoescape=True) for host in chunk]
            for kind in _NAMERS:
                yield self._last(_C.id, _C.kind == kind, _C.id < before, *((or_(*named),) if named else ()))

    @property
    def _here(self) -> tuple[ColumnElement[bool], ...]:
        return _C.app == self.app, _C.environment == self.environment

    def _operations(self, *wanted: ColumnElement[bool]) -> Select[Any]:
        return select(_C.operation).where(*self._here, *wanted)

    def _last(self, column: ColumnElement[str], *wanted: ColumnElement[bool]) -> Select[Any]:
        return select(column).where(*self._here, *wanted).order_by(_C.id.desc()).limit(1)


def _chunks(some: Iterable[str], size: int = CHUNK) -> Iterator[tuple[str, ...]]:
    every = tuple(sorted(some))
    return (every[start : start + size] for start in range(0, len(every), size))
