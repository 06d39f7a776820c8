"""The ledger of one app's environment: a set of records, in the database or waiting for it.

It never stops an operation: what can't be written to the database waits in files, what can't be written to files is
kept in memory, and each is said once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from rollback.core.near import RECENT
from rollback.events import Event, Noticed
from rollback.ledger import chain, codec
from rollback.ledger.codec import Entry
from rollback.ledger.database import Database
from rollback.ledger.ids import ulid
from rollback.ledger.journal import journal
from rollback.ledger.part import WHOLE, Part
from rollback.ledger.place import address, location
from rollback.ledger.ports import Unavailable
from rollback.ledger.questions import Questions
from rollback.ledger.scrub import scrubbed
from rollback.ledger.shelf import Shelf
from rollback.ledger.waiting import Waiting
from rollback.model import Fact, Record
from rollback.text import clean_line

__all__ = ["Ledger", "location"]

PATIENCE = 3.0  # seconds for another process's lock: a rollback waits for no database


@dataclass(slots=True, eq=False)
class Ledger:
    """See `open`. May be used from several threads. shelf: for who reads less than everything."""

    shelf: Shelf = field(init=False)
    _database: Database
    _waiting: Waiting
    _app: str
    _environment: str
    _redact: Callable[[str], str]
    _tell: Callable[[Event], None]
    _memory: dict[str, Entry] = field(default_factory=dict)
    _ours: dict[str, Entry] = field(default_factory=dict)  # recorded by this command: journals need no database
    _told: set[str] = field(default_factory=set)
    _down: str = ""  # why it can't be written
    _ends: tuple[str, ...] | None = None  # of the chain, for the next record of this operation
    _operation: str = ""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.shelf = Shelf(self._database, Questions(self._app, self._environment), self._pending, self._notice)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        app: str,
        environment: str,
        waiting: Path,
        redact: Callable[[str], str],
        tell: Callable[[Event], None],
        patience: float = PATIENCE,
        secret: Callable[[str], str] = str,
    ) -> Ledger:
        """url: of a file or a server (see place.resolved). waiting: a folder for lines while the database is away.

        redact: hides secrets in a text; secret: fills in ${NAME}, and raises UsageError where there is none. tell:
        hears Noticed. Raises UsageError for a URL that is none of ours.
        """
        database = Database(address(url), patience, secret)
        ledger = cls(database, Waiting(waiting), app, environment, redact, tell)
        ledger.flush()
        return ledger

    @property
    def shown(self) -> str:
        """Where it is, without user and password."""
        return self._database.shown

    def unusable(self) -> str:
        """Why it can be neither read nor written; "" when it can."""
        try:
            self._database.add(())
        except Unavailable as reason:
            return str(reason)
        return ""

    def upgrade(self) -> tuple[int, int]:
        """The version of its tables before, and now. Raises Unavailable."""
        before = self._database.upgrade()
        self.flush()
        return before, self._database.version()

    def append(self, operation: str, author: str, *facts: Fact) -> tuple[Record, ...]:
        """Records the facts, in this order, and returns them as they were recorded: redacted, cleaned. Never raises."""
        with self._lock:
            self._follow(operation)
            records = tuple(self._record(operation, clean_line(self._redact(author)), fact) for fact in facts)
            entries = tuple(map(self._chained, records))
            self._ours |= {one.id: one for one in entries}
            if not self._stored(entries):
                self._put_by(operation, entries)
        return records

    def ahead(self, operation: str, author: str, fact: Fact) -> bytes:
        """The line of a record that a host adds to its journal should this happen; its time stands open."""
        with self._lock:
            self._follow(operation)
            stored = codec.entry(self._record(operation, clean_line(author), fact))
            return codec.to_line(replace(stored, at=codec.OPEN, after=self._after, digest=chain.digest(stored.body)))

    def records(self, part: Part = WHOLE) -> tuple[Record, ...]:
        """Records of this app and environment by id, wherever they are; kinds of a later version are left out."""
        with self._lock:
            return self.shelf.records(part)

    def merge(self, lines: bytes) -> int:
        """Adds records from hosts' journals (JSON lines); how many were new. Merging twice changes nothing.

        Lines of other apps and environments are left out; what is not a record is left out and noticed.
        """
        with self._lock:
            found = {one.id: one for one in self._parsed(lines, "the hosts' journals")}
            held = {one.id: one for one in self.shelf.of(frozenset(one.operation for one in found.values()))}
            fresh = {id_: self._cleaned(one) for id_, one in found.items() if _is_news(one, held.get(id_))}
            if not fresh:
                return 0
            self._ends = None
            if not self._stored(tuple(fresh.values())):
                self._memory |= fresh  # the hosts keep them: no need for a file
            return len(fresh.keys() - held.keys())

    def flush(self) -> None:
        """Moves what waits into the database, if it is back. Never raises."""
        with self._lock:
            self._down = ""
            self._database.retry()
            try:
                for path in self._waiting.files():
                    with suppress(FileNotFoundError):  # another process was quicker
                        self._flush_file(path)
                if self._memory and self._stored(tuple(self._memory.values())):
                    self._memory.clear()
            except OSError as error:
                self._notice(f"records that wait in {self._waiting.folder} can't be read: {error.strerror}")

    def journal(self, operation: str) -> bytes:
        """One operation's records as JSON lines, to be kept on its hosts: at most 60 KiB, evidence is cut first."""
        with self._lock:
            return journal(self.shelf.of(frozenset((operation,))))

    def head(self) -> str:
        """The name of the last record, by which the whole history is known; "" when there is none."""
        with self._lock:
            last = self.shelf.last()
        return chain.name(last) if last and last.digest else ""

    def close(self) -> None:
        """Tries once more to write what waits."""
        if self._down:
            self.flush()
        self._database.close()

    def _follow(self, operation: str) -> None:
        """What an operation records comes after all that is known when it begins to."""
        if operation != self._operation or self._ends is None:
            self._ends = chain.ends(self.shelf.of(self.shelf.newest(RECENT)))
            self._operation = operation

    def _chained(self, record: Record) -> Entry:
        stored = codec.entry(record)
        linked = replace(stored, after=self._after, digest=chain.digest(stored.body))
        self._ends = (chain.name(linked),)
        return linked

    @property
    def _after(self) -> str:
        return " ".join(self._ends or ())

    def _record(self, operation: str, author: str, fact: Fact) -> Record:
        where = (self._app, self._environment, operation, author)
        return Record(ulid(), datetime.now(UTC), *where, scrubbed(fact, self._redact))

    def _stored(self, entries: Iterable[Entry]) -> bool:
        try:
            self._database.add(entries)
        except Unavailable as reason:
            self._down = str(reason)
            return False
        return True

    def _put_by(self, operation: str, entries: tuple[Entry, ...]) -> None:
        unwritable = f"the ledger {self.shown} can't be written ({self._down})"
        try:
            self._waiting.write(operation, b"".join(map(codec.to_line, entries)))
        except OSError as error:
            self._memory |= {one.id: one for one in entries}
            neither = f"{unwritable}, nor {self._waiting.folder} ({error.strerror})"
            self._notice(f"{neither}: this machine keeps no record, the hosts' journals do")
        else:
            self._notice(f"{unwritable}: records wait in {self._waiting.folder}")

    def _flush_file(self, path: Path) -> None:
        with self._waiting.taken(path) as (lines, drop):
            entries = self._parsed(lines, str(path))
            if entries and self._stored(entries):
                drop()

    def _pending(self) -> tuple[Entry, ...]:
        """What may not be in the database, or can be known without it."""
        try:
            files = ((self._waiting.lines(path), str(path)) for path in self._waiting.files())
            waiting = tuple(one for lines, name in files for one in self._parsed(lines, name))
        except OSError as error:
            self._notice(f"records that wait in {self._waiting.folder} can't be read: {error.strerror}")
            waiting = ()
        return (*waiting, *self._memory.values(), *self._ours.values())

    def _parsed(self, lines: bytes, source: str) -> tuple[Entry, ...]:
        """Our lines; the others' are left out in silence, what is none is counted."""
        found, corrupt = codec.from_lines(lines)
        if corrupt:
            self._notice(f"{corrupt} line(s) of {source} are no records and were left out")
        return tuple(one for one in found if (one.app, one.environment) == (self._app, self._environment))

    def _cleaned(self, stored: Entry) -> Entry:
        """A host's words, fit for a terminal. Kinds of a later version are kept as they are: nobody shows them."""
        found = codec.record(stored)
        if found is None or (fit := scrubbed(found, self._redact)) == found:
            return stored
        return replace(stored, author=fit.author, body=codec.body(fit.fact), cut=True)

    def _notice(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(Noticed(text))


def _is_news(theirs: Entry, ours: Entry | None) -> bool:
    return ours is None or (ours.cut and not theirs.cut and theirs.digest == ours.digest)
