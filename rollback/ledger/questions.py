"""The questions of rollback.core.shelf.Shelf, in SQL that SQLite and PostgreSQL read alike: of one environment, each
answered from an index.

SQLite knows nothing of how much an index leaves to be read. It takes one that spares it sorting over one that finds, so
nothing is sorted or told apart that Python can; and of two it takes the one with the shorter list of values, so nothing
that is asked about beside such a list is a value of another index.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from rollback.ledger.codec import Entry
from rollback.ledger.part import Part
from rollback.ledger.ports import Question
from rollback.model import encode_tag

COLUMNS = tuple(field.name for field in fields(Entry))
_ENTRY = ", ".join(f'"{name}"' for name in COLUMNS)  # `after` is a word of SQLite's
_ROW = (*COLUMNS, "about", "tag")
ADD = (
    f"INSERT INTO records ({_ENTRY}, about, tag) VALUES ({', '.join(f':{name}' for name in _ROW)})"
    " ON CONFLICT (id) DO NOTHING"
)
MEND = "UPDATE records SET body = :whole, cut = false WHERE id = :its AND cut AND digest = :mark"

_NAMERS = ("started", "ended")
_CHUNK = 500  # names in one question: SQLite's oldest limit on parameters is 999
_FEW = 50  # hosts in one question
PAGE = 5000  # records


@dataclass(frozen=True, slots=True)
class _Condition:
    """A part of a WHERE, and its values."""

    sql: str
    values: dict[str, object]


@dataclass(frozen=True, slots=True)
class Questions:
    app: str
    environment: str

    @property
    def all(self) -> Question:
        return self._entries()

    def of(self, operations: Iterable[str]) -> Iterator[Question]:
        return (self._entries(_in("operation", chunk)) for chunk in _chunks(operations))

    def page(self, last: str) -> Question:
        return self._entries(_where("id", ">", last), then=f"ORDER BY id LIMIT {PAGE}")

    def part(self, part: Part) -> Iterator[Question]:
        """Together they answer it, in no order."""
        wanted = [_where("id", ">=", part.since)] if part.since else []
        wanted += [_where("id", "<", part.before)] if part.before else []
        wanted += [_in("kind", part.kinds)] if part.kinds is not None else []
        then = f"ORDER BY id DESC LIMIT {part.newest}" if part.newest else ""
        chunks = [[]] if part.operations is None else [[_in("operation", one)] for one in _chunks(part.operations)]
        return (self._entries(*wanted, *chunk, then=then) for chunk in chunks)

    def newest(self, count: int) -> Question:
        return self._different(then=f"ORDER BY operation DESC LIMIT {count}")

    def last(self) -> Question:
        return self._entries(then="ORDER BY id DESC LIMIT 1")

    def beginning(self, start: str) -> Question:
        """Operations whose ids begin so: upper case letters and digits."""
        return self._different(_where("operation", ">=", start), _where("operation", "<", f"{start}~"), then="LIMIT 2")

    def known(self, operations: Iterable[str]) -> Iterator[Question]:
        return (self._different(_in("operation", chunk)) for chunk in _chunks(operations))

    def since(self, record: str, until: str) -> Question:
        return self._operations(_where("id", ">=", record), _where("id", "<=", until))

    def judging(self, digits: Iterable[str]) -> Iterator[Question]:
        """Whatever is about a commit, but its starts."""
        return (self._operations(_in("about", chunk), _where("kind", "<>", "started")) for chunk in _chunks(digits))

    def starting(self, tags: Iterable[str]) -> Iterator[Question]:
        """Only a start has a tag."""
        return (self._operations(_in("tag", chunk)) for chunk in _chunks(map(encode_tag, tags)))

    def latest(self, kinds: Iterable[str]) -> Iterator[Question]:
        return (self._last("operation", _where("kind", "=", kind)) for kind in sorted(kinds))

    def naming(self, hosts: Iterable[str], before: str) -> Iterator[Question]:
        """Some may name a host only by the way: then more is read than must be."""
        for chunk in _chunks(hosts, _FEW) if hosts else ((),):
            named = [_naming(chunk)] if chunk else []
            for kind in _NAMERS:
                yield self._last("id", _where("kind", "=", kind), _where("id", "<", before), *named)

    def _entries(self, *wanted: _Condition, then: str = "") -> Question:
        return self._asked(_ENTRY, wanted, then)

    def _operations(self, *wanted: _Condition) -> Question:
        return self._asked("operation", wanted, "")

    def _different(self, *wanted: _Condition, then: str = "") -> Question:
        return self._asked("DISTINCT operation", wanted, then)

    def _last(self, column: str, *wanted: _Condition) -> Question:
        return self._asked(column, wanted, "ORDER BY id DESC LIMIT 1")

    def _asked(self, what: str, wanted: Iterable[_Condition], then: str) -> Question:
        every = (_where("app", "=", self.app), _where("environment", "=", self.environment), *wanted)
        where = " AND ".join(one.sql for one in every)
        values = {name: value for one in every for name, value in one.values.items()}
        return Question(f"SELECT {what} FROM records WHERE {where} {then}", values)


def there(ids: Iterable[str]) -> Iterator[Question]:
    """Ids that there are already, with whether they are shortened."""
    asked = (_in("id", chunk) for chunk in _chunks(ids))
    return (Question(f"SELECT id, cut FROM records WHERE {one.sql}", one.values) for one in asked)


_NAMES = {"=": "is", ">=": "least", ">": "above", "<=": "most", "<": "below", "<>": "not"}


def _where(column: str, sign: str, value: str) -> _Condition:
    name = f"{column}_{_NAMES[sign]}"
    return _Condition(f"{column} {sign} :{name}", {name: value})


def _in(column: str, values: Iterable[str]) -> _Condition:
    """PostgreSQL knows no empty list."""
    named = {f"{column}_{number}": value for number, value in enumerate(sorted(values))}
    names = ", ".join(f":{name}" for name in named)
    return _Condition(f"{column} IN ({names})" if named else "false", dict(named))


def _naming(hosts: Iterable[str]) -> _Condition:
    """Bodies that hold one of these names. Neither `%` nor `_` stands for anything else."""
    escaped = (re.sub(r"[/%_]", r"/\g<0>", json.dumps(host)) for host in hosts)
    named = {f"host_{number}": f"%{one}%" for number, one in enumerate(escaped)}
    either = " OR ".join(f"body LIKE :{name} ESCAPE '/'" for name in named)
    return _Condition(f"({either})", dict(named))


def _chunks(some: Iterable[str], size: int = _CHUNK) -> Iterator[tuple[str, ...]]:
    every = tuple(sorted(some))
    return (every[start : start + size] for start in range(0, len(every), size))
