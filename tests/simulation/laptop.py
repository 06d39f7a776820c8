"""Where operators sit: a ledger that survives them and a clock that may be wrong; and one command's view of that ledger.

The ledger keeps records as values. Their JSON lines go to the hosts, and are read again only by who has not seen them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from rollback.ledger import codec
from rollback.ledger.ids import Ids
from rollback.ledger.journal import journal
from rollback.model import Fact, Record
from tests.simulation.clockwork import Clockwork
from tests.simulation.pace import EPOCH


@dataclass(slots=True)
class Laptop:
    """skew: seconds that its wall clock is wrong by."""

    name: str
    records: dict[str, Record] = field(default_factory=dict)
    skew: float = 0.0


class Book:
    """One command's ledger, and the journal of its operation."""

    def __init__(self, clock: Clockwork, laptop: Laptop, author: str) -> None:
        self.clock, self.laptop, self.author = clock, laptop, author
        self.ids = Ids(self._now, lambda _: clock.rng.randbytes(10))
        self.operation = ""

    def append(self, *facts: Fact) -> None:
        for fact in facts:
            at = EPOCH + timedelta(seconds=self.clock.now + self.laptop.skew)
            record = Record(self.ids.next(), at, "shop", "production", self.operation, self.author, fact)
            self.laptop.records[record.id] = record
