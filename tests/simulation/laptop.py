"""Where operators sit: a ledger that survives them, and a clock that may be wrong.

The ledger keeps records as values; their JSON lines go to the hosts, and are read again by who has not seen them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from rollback.core.shelf import Pile
from rollback.ledger import codec
from rollback.ledger.ids import Ids
from rollback.ledger.journal import journal, line
from rollback.model import Fact, Record
from tests.simulation.clockwork import Clockwork
from tests.simulation.pace import EPOCH

Heard = Callable[[str, Fact], None]


@dataclass(slots=True)
class Laptop:
    """skew: seconds that its wall clock is wrong by. records: its ledger, by id."""

    name: str
    skew: float = 0.0
    records: dict[str, Record] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Book:
    """What one command sees of the ledger: see rollback.ledger.store.Ledger. heard: told every fact as it is recorded.

    read: lines that somebody has read already, and what they say.
    """

    clock: Clockwork
    laptop: Laptop
    heard: Heard
    read: dict[bytes, Record]
    ids: Ids = field(init=False)
    _sorted: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        rng = self.clock.rng
        self.ids = Ids(lambda: int(1e12 + 1000 * (self.clock.now + self.laptop.skew)), lambda _: rng.randbytes(10))

    def append(self, operation: str, author: str, *facts: Fact) -> None:
        """What is written is on the disk a moment later; who is killed meanwhile has written it."""
        self.clock.live_on()
        for fact in facts:
            record = self._new(operation, author, fact)
            self.laptop.records[record.id] = record
            self.heard(operation, fact)
        self.clock.sleep(self.clock.rng.uniform(0, 0.02))

    def ahead(self, operation: str, author: str, fact: Fact) -> bytes:
        return codec.to_line(replace(codec.entry(self._new(operation, author, fact)), at=codec.OPEN))

    def records(self) -> tuple[Record, ...]:
        if len(self._sorted) != len(self.laptop.records):
            self._sorted = tuple(record for _, record in sorted(self.laptop.records.items()))
        if self._sorted:
            self.ids.after(self._sorted[-1].id)
        return self._sorted

    @property
    def shelf(self) -> Pile:
        return Pile(self.records())

    def merge(self, lines: bytes) -> int:
        """How many were new."""
        found = [self._record(line) for line in lines.split(b"\n") if line]
        new = {one.id: one for one in found if one.id not in self.laptop.records}
        self.laptop.records |= new
        return len(new)

    def journal(self, operation: str) -> bytes:
        """What it writes it need not read: that a line says the same again is tested elsewhere."""
        mine = [one for one in self.records() if one.operation == operation]
        entries = tuple(map(codec.entry, mine))
        self.read.update((line(stored).rstrip(), one) for stored, one in zip(entries, mine, strict=True))
        return journal(entries)

    def close(self) -> None:
        """It is on the disk already."""

    def _new(self, operation: str, author: str, fact: Fact) -> Record:
        at = EPOCH + timedelta(seconds=self.clock.now + self.laptop.skew)
        return Record(self.ids.next(), at, "shop", "production", operation, author, fact)

    def _record(self, line: bytes) -> Record:
        known = self.read.get(line)
        if known is None:
            known = codec.record(codec.from_line(line))
            assert known is not None, line
            self.read[line] = known
        return known
