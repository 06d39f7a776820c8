"""A part of the ledger: which records are wanted, so that a question about a quarter does not read ten years."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, Table

from rollback.ledger.codec import Entry

_CHUNK = 500  # operations in one question: SQLite's oldest limit on parameters is 999


@dataclass(frozen=True, slots=True)
class Part:
    """since, before: ids from the one on and up to the other, which is not wanted any more ("": no end). kinds,
    operations: only of these; None: of all. newest: at most so many, the newest; 0: all."""

    since: str = ""
    before: str = ""
    kinds: frozenset[str] | None = None
    operations: frozenset[str] | None = None
    newest: int = 0

    def admits(self, one: Entry) -> bool:
        """Of what is in no database. `newest` is the asker's to keep."""
        return (
            one.id >= self.since
            and (not self.before or one.id < self.before)
            and (self.kinds is None or one.kind in self.kinds)
            and (self.operations is None or one.operation in self.operations)
        )

    def questions(self, every: Select[Any], table: Table) -> Iterator[Select[Any]]:
        """The same of a database; together they answer it, in no order. every: all of it."""
        if self.operations is not None and len(self.operations) > _CHUNK:
            names = sorted(self.operations)
            for start in range(0, len(names), _CHUNK):
                yield from replace(self, operations=frozenset(names[start : start + _CHUNK])).questions(every, table)
            return
        columns = table.c
        every = every.where(columns.id >= self.since) if self.since else every
        every = every.where(columns.id < self.before) if self.before else every
        every = every.where(columns.kind.in_(self.kinds)) if self.kinds is not None else every
        every = every.where(columns.operation.in_(self.operations)) if self.operations is not None else every
        yield every.order_by(columns.id.desc()).limit(self.newest) if self.newest else every


WHOLE = Part()
