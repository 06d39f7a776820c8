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

from rollback.events import Event, Noticed
from rollback.ledger import codec
from rollback.ledger.codec import Corrupt, Entry
from rollback.ledger.database import Database, Unavailable
from rollback.ledger.ids import after, ulid
from rollback.ledger.journal import journal
from rollback.ledger.part import WHOLE, Part
from rollback.ledger.place import file_of, location
from rollback.ledger.scrub import scrubbed
from rollback.ledger.waiting import Waiting
from rollback.model import Fact, Record
from rollback.text import clean_line

__all__ = ["Ledger", "location"]

PATIENCE = 3.0  # seconds for another process's lock: a rollback waits for no database


@dataclass(slots=True, eq=False)
class Ledger:
    """See `open`. May be used from several threads."""

    _database: Database
    _waiting: Waiting
    _app: str
    _environment: str
    _redact: Callable[[str], str]
    _tell: Callable[[Event], None]
    _memory: dict[str, Entry] = field(default_factory=dict)
    _records: dict[str, Record | None] = field(default_factory=dict)  # decoded before: records never change
    _told: set[str] = field(default_factory=set)
    _down: str = ""  # why it can't be written
    _lock: threading.RLock = field(default_factory=threading.RLock)

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
    ) -> Ledger:
        """url: `sqlite:///path` (see place.resolved). waiting: a folder for lines while the database is away.

        redact: hides secrets in a text. tell: hears Noticed. Raises UsageError for a URL that is none of ours.
        """
        ledger = cls(Database(file_of(url), patience), Waiting(waiting), app, environment, redact, tell)
        ledger.flush()
        return ledger

    def append(self, operation: str, author: str, *facts: Fact) -> tuple[Record, ...]:
        """Records the facts, in this order, and returns them as they were recorded: redacted, cleaned. Never raises."""
        with self._lock:
            records = tuple(self._record(operation, clean_line(self._redact(author)), fact) for fact in facts)
            entries = tuple(map(codec.entry, records))
            self._records |= {record.id: record for record in records}
            if not self._stored(entries):
                self._put_by(operation, entries)
        return records

    def ahead(self, operation: str, author: str, fact: Fact) -> bytes:
        """The line of a record that a host adds to its journal should this happen; its time stands open."""
        stored = codec.entry(self._record(operation, clean_line(author), fact))
        return codec.to_line(replace(stored, at=codec.OPEN))

    def records(self, part: Part = WHOLE) -> tuple[Record, ...]:
        """Records of this app and environment by id, wherever they are, all or those that are wanted; kinds of a later
        version are left out."""
        with self._lock:
            known = [self._decoded(one) for one in self._entries(part)]
        return tuple(record for record in known if record is not None)

    def merge(self, lines: bytes) -> int:
        """Adds records from hosts' journals (JSON lines); how many were new. Merging twice changes nothing.

        Lines of other apps and environments are left out; what is not a record is left out and noticed.
        """
        with self._lock:
            held = {one.id for one in self._entries()}
            fresh = [one for one in self._parsed(lines, "the hosts' journals") if one.id not in held]
            entries = {one.id: self._cleaned(one) for one in fresh}
            if not entries:
                return 0
            if not self._stored(tuple(entries.values())):
                self._memory |= entries  # the hosts keep them: no need for a file
            return len(entries)

    def flush(self) -> None:
        """Moves what waits into the database, if it is back. Never raises."""
        with self._lock:
            self._down = ""
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
        return journal([one for one in self.records() if one.operation == operation])

    def close(self) -> None:
        """Tries once more to write what waits."""
        if self._down:
            self.flush()
        self._database.close()

    def _record(self, operation: str, author: str, fact: Fact) -> Record:
        where = (self._app, self._environment, operation, author)
        return Record(ulid(), datetime.now(UTC), *where, scrubbed(fact, self._redact))

    def _stored(self, entries: Iterable[Entry]) -> bool:
        """Once the database has failed it is not waited for again before the next flush."""
        if self._down:
            return False
        try:
            self._database.add(entries)
        except Unavailable as reason:
            self._down = str(reason)
            return False
        return True

    @property
    def _unwritable(self) -> str:
        return f"the ledger {self._database.path} can't be written ({self._down})"

    def _put_by(self, operation: str, entries: tuple[Entry, ...]) -> None:
        try:
            self._waiting.write(operation, b"".join(map(codec.to_line, entries)))
        except OSError as error:
            self._memory |= {one.id: one for one in entries}
            neither = f"{self._unwritable}, nor {self._waiting.folder} ({error.strerror})"
            self._notice(f"{neither}: this machine keeps no record, the hosts' journals do")
        else:
            self._notice(f"{self._unwritable}: records wait in {self._waiting.folder}")

    def _flush_file(self, path: Path) -> None:
        with self._waiting.taken(path) as (lines, drop):
            entries = self._parsed(lines, str(path))
            if entries and self._stored(entries):
                drop()

    def _entries(self, part: Part = WHOLE) -> tuple[Entry, ...]:
        """Ours by id. What is appended from here on answers them, so it sorts after them."""
        waiting = (
            self._read_waiting()
        )  # before the database: what another process moves meanwhile is seen twice, not never
        elsewhere = (one for one in (*waiting, *self._memory.values()) if part.admits(one))
        entries = {one.id: one for one in (*self._read(part), *elsewhere)}
        if entries:
            after(max(entries))
        return tuple(entries[id_] for id_ in sorted(entries)[-part.newest :])

    def _read(self, part: Part) -> tuple[Entry, ...]:
        try:
            return self._database.read(self._app, self._environment, part)
        except Unavailable as reason:
            self._notice(f"the ledger {self._database.path} can't be read ({reason}): going by the hosts' journals")
            return ()

    def _read_waiting(self) -> tuple[Entry, ...]:
        try:
            files = ((self._waiting.lines(path), str(path)) for path in self._waiting.files())
            return tuple(one for lines, name in files for one in self._parsed(lines, name))
        except OSError as error:
            self._notice(f"records that wait in {self._waiting.folder} can't be read: {error.strerror}")
            return ()

    def _parsed(self, lines: bytes, source: str) -> tuple[Entry, ...]:
        """Our lines; the others' are left out in silence, what is none is counted."""
        found, corrupt = codec.from_lines(lines)
        if corrupt:
            self._notice(f"{corrupt} line(s) of {source} are no records and were left out")
        return tuple(one for one in found if (one.app, one.environment) == (self._app, self._environment))

    def _decoded(self, stored: Entry) -> Record | None:
        if stored.id not in self._records:
            self._records[stored.id] = self._decode(stored)
        return self._records[stored.id]

    def _decode(self, stored: Entry) -> Record | None:
        try:
            found = codec.record(stored)
        except Corrupt as reason:
            self._notice(f"record {stored.id} in the ledger can't be read: {reason}")
            return None
        if found is None:
            self._notice("some records were written by a later version of rollback and are left out: update this one")
        return found

    def _cleaned(self, stored: Entry) -> Entry:
        """A host's words, fit for a terminal. Kinds of a later version are kept as they are: nobody shows them."""
        found = codec.record(stored)
        return stored if found is None else codec.entry(scrubbed(found, self._redact))

    def _notice(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(Noticed(text))
