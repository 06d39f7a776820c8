"""What is read of one environment's records: from the database, and of what waits for it. See rollback.core.shelf."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rollback.core.shelf import LAST, Names, Pile
from rollback.ledger import codec
from rollback.ledger.codec import Corrupt, Entry
from rollback.ledger.database import Database
from rollback.ledger.ids import after
from rollback.ledger.part import WHOLE, Part
from rollback.ledger.ports import Question, Unavailable
from rollback.ledger.questions import PAGE, Questions
from rollback.model import Record

Pending = Callable[[], tuple[Entry, ...]]


@dataclass(slots=True, eq=False)
class Shelf:
    """pending: what is not in the database yet. notice: hears, in a sentence, what can't be read. It never raises."""

    _database: Database
    _questions: Questions
    _pending: Pending
    _notice: Callable[[str], None]
    _decoded: dict[str, Record | None] = field(default_factory=dict)  # before: records never change

    def entries(self) -> tuple[Entry, ...]:
        """Everything, by id."""
        return self._entries([self._questions.all], lambda _: True)

    def pages(self) -> Iterator[tuple[Entry, ...]]:
        """Everything, by id, some at a time."""
        last = ""
        while page := self._page(last):
            yield page
            last = page[-1].id

    def _page(self, last: str) -> tuple[Entry, ...]:
        """With what waits, of which more than a page is never seen before it is its turn."""
        found = self._entries([self._questions.page(last)], lambda one: one.id > last)
        return found[:PAGE]

    def records(self, part: Part = WHOLE) -> tuple[Record, ...]:
        """What is wanted and can be read, by id; kinds of a later version are left out."""
        found = self._entries(self._questions.part(part), part.admits)
        return self._records(found[-part.newest :])

    def of_kind(self, kind: str, since: str = "") -> tuple[Record, ...]:
        return self.records(Part(since, kinds=frozenset({kind})))

    def read(self, operations: Names) -> tuple[Record, ...]:
        return self._records(self.of(operations))

    def of(self, operations: Names) -> tuple[Entry, ...]:
        return self._entries(self._questions.of(operations), lambda one: one.operation in operations)

    def last(self) -> Entry | None:
        """The one with the greatest id."""
        found = self._entries([self._questions.last()], lambda _: True)
        return found[-1] if found else None

    def beginning(self, start: str) -> Names:
        """Operations whose ids begin so: none, one, or some. What no id can begin with is asked of no database."""
        if not (start.isascii() and start.isalnum()):
            return frozenset()
        there = (one.operation for one in self._pending())
        return self._asked([self._questions.beginning(start)]) | {one for one in there if one.startswith(start)}

    def known(self, operations: Names) -> Names:
        """Those of them of which there is something."""
        there = {one.operation for one in self._pending()}
        return self._asked(self._questions.known(operations)) | (operations & there)

    def newest(self, count: int) -> Names:
        found = self._asked([self._questions.newest(count)]) | self._pile().newest(count)
        return frozenset(sorted(found)[-count:] if count else ())

    def since(self, record: str, until: str = LAST) -> Names:
        return self._asked([self._questions.since(record, until)]) | self._pile().since(record, until)

    def judging(self, digits: Names) -> Names:
        return self._asked(self._questions.judging(digits)) | self._pile().judging(digits)

    def starting(self, tags: Names) -> Names:
        return self._asked(self._questions.starting(tags)) | self._pile().starting(tags)

    def latest(self, kinds: Names) -> Names:
        """With the last of what waits: more than is asked for, never less."""
        return self._asked(self._questions.latest(kinds)) | self._pile().latest(kinds)

    def naming(self, hosts: Names, before: str) -> str | None:
        there = self._pile().naming(hosts, before)
        return max((*self._asked(self._questions.naming(hosts, before)), *filter(None, [there])), default=None)

    def _pile(self) -> Pile:
        return Pile(self._records(self._pending()))

    def _asked(self, questions: Iterable[Question]) -> Names:
        try:
            return frozenset(one for question in questions for one in self._database.ask(question))
        except Unavailable as reason:
            self._away(reason)
            return frozenset()

    def _entries(self, questions: Iterable[Question], wanted: Callable[[Entry], bool]) -> tuple[Entry, ...]:
        """What waits is read first: what another process moves meanwhile is seen twice, not never."""
        pending = [one for one in self._pending() if wanted(one)]
        found = {one.id: one for one in (*pending, *self._stored(questions))}
        if found:
            after(max(found))  # what is recorded from here on answers them, so it sorts after them
        return tuple(found[id_] for id_ in sorted(found))

    def _stored(self, questions: Iterable[Question]) -> Iterator[Entry]:
        try:
            for question in questions:
                yield from self._database.read(question)
        except Unavailable as reason:
            self._away(reason)

    def _away(self, reason: Unavailable) -> None:
        self._notice(f"the ledger {self._database.shown} can't be read ({reason}): going by the hosts' journals")

    def _records(self, entries: Iterable[Entry]) -> tuple[Record, ...]:
        known = (self._read(one) for one in entries)
        return tuple(record for record in known if record is not None)

    def _read(self, stored: Entry) -> Record | None:
        if stored.id not in self._decoded:
            self._decoded[stored.id] = self._decode(stored)
        return self._decoded[stored.id]

    def _decode(self, stored: Entry) -> Record | None:
        try:
            found = codec.record(stored)
        except Corrupt as reason:
            self._notice(f"record {stored.id} in the ledger can't be read: {reason}")
            return None
        if found is None and not codec.is_hull(stored):
            self._notice("some records were written by a later version of rollback and are left out: update this one")
        return found
