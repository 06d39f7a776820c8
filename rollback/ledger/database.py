"""The records in a database: added and read, never changed or deleted. SQLite on this machine, or a team's PostgreSQL.

A SQLite file is made, and brought to the newest version, by whoever uses it first; a team's database by
`rollback ledger upgrade` only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollback.ledger.codec import Entry, found_by
from rollback.ledger.file import File
from rollback.ledger.ports import NEWEST, Question, Store, Talk, Unavailable
from rollback.ledger.questions import ADD, COLUMNS, MEND, there

if TYPE_CHECKING:
    from sqlalchemy import URL

REST = 30.0  # seconds until what failed is tried again
LONG = 600.0  # seconds for an answer that is large


class Database:
    """place: a file, or a server. patience: seconds to wait for it. secret: fills in every ${NAME}."""

    def __init__(self, place: Path | URL, patience: float, secret: Callable[[str], str] = str) -> None:
        self._patience, self._store = patience, _store(place, patience, secret)
        self._file = self._store if isinstance(self._store, File) else None  # is ours to make and to upgrade
        self.shown = self._store.shown
        self._failed: dict[str, tuple[float, str]] = {}  # when, and why
        self._version: int | None = None  # as it was found; 0: there is nothing yet

    def add(self, entries: Iterable[Entry]) -> int:
        """Adds those that are not there yet, all or none; how many were added. Raises Unavailable.

        What was there shortened and is whole now takes its place.
        """
        rows = {one.id: {**_values(one), **found_by(one)} for one in entries}
        with self._trying("write"):
            self._make_ready()
            with self._store.talk(self._patience) as talk:
                known = _known(talk, tuple(rows))
                fresh = [row for id_, row in rows.items() if id_ not in known]
                talk.tell(ADD, fresh)
                whole = [row for id_, row in rows.items() if known.get(id_) and not row["cut"]]
                talk.tell(MEND, [{"its": row["id"], "mark": row["digest"], "whole": row["body"]} for row in whole])
        return len(fresh)

    def read(self, question: Question) -> tuple[Entry, ...]:
        """Whole rows; none when there is no database yet. Raises Unavailable."""
        with self._trying("read"):
            if not self._is_there():
                return ()
            with self._store.talk(LONG) as talk:
                return tuple(_entry(row) for row in talk.ask(question))

    def ask(self, question: Question) -> tuple[str, ...]:
        """One column of each row. Raises Unavailable."""
        with self._trying("read"):
            if not self._is_there():
                return ()
            with self._store.talk(self._patience) as talk:
                return tuple(row[0] for row in talk.ask(question))

    def version(self) -> int:
        """0: there is nothing yet. Raises Unavailable."""
        return self._store.version()

    def upgrade(self) -> int:
        """To the newest version; which one it was at before. Raises Unavailable, also when it is newer."""
        before = self._store.upgrade()
        _require_newest(max(before, NEWEST))
        self._version = NEWEST
        return before

    def retry(self) -> None:
        """The next call tries again, however short ago the last one failed."""
        self._failed.clear()

    def close(self) -> None:
        self._store.close()

    @contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        """Nobody waits again and again for what has just failed."""
        when, reason = self._failed.get(what, (-REST, ""))
        if time.monotonic() - when < REST:
            raise Unavailable(reason)
        try:
            yield
        except Unavailable as reason_now:
            self._failed[what] = time.monotonic(), str(reason_now)
            raise

    def _is_there(self) -> bool:
        """To be read: brought to the newest version first, where that is ours to do."""
        if not self._version:
            self._version = self._store.version()
            if self._file and 0 < self._version < NEWEST:
                self.upgrade()
        if not (self._version or self._file):
            raise Unavailable("it has no tables yet: rollback ledger upgrade makes them")
        _require_newest(self._version, none_is_well=True)
        return self._version == NEWEST

    def _make_ready(self) -> None:
        if not self._is_there() and self._file:
            self._file.make()
            self._version = None
            self._is_there()


def _store(place: Path | URL, patience: float, secret: Callable[[str], str]) -> Store:
    if isinstance(place, Path):
        return File(place, patience)
    from rollback.ledger.server import Server  # brings SQLAlchemy in

    return Server(place, patience, secret)


def _require_newest(version: int, *, none_is_well: bool = False) -> None:
    if version > NEWEST:
        raise Unavailable(f"it is of version {version}, and this rollback knows {NEWEST}: update rollback")
    if version < NEWEST and not (none_is_well and version == 0):
        raise Unavailable(f"it is of version {version}, older than this rollback's {NEWEST}: rollback ledger upgrade")


def _known(talk: Talk, ids: tuple[str, ...]) -> dict[str, bool]:
    """Those of them that are there, and whether they are shortened."""
    return {id_: bool(cut) for question in there(ids) for id_, cut in talk.ask(question)}


def _entry(row: Sequence[Any]) -> Entry:
    """SQLite knows no truth but 0 and 1."""
    return Entry(*(*row[:-1], bool(row[-1])))


def _values(one: Entry) -> dict[str, Any]:
    return {name: getattr(one, name) for name in COLUMNS}
