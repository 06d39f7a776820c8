"""The books of one operation, as a ledger keeps them: each record becomes a line, and every line is read again."""

from __future__ import annotations

from dataclasses import replace

from rollback.ledger.codec import entry, from_lines, record, to_line
from rollback.ledger.ids import ulid
from rollback.model import Fact, Record
from rollback.operation.ports import Ports
from tests.build import EPOCH
from tests.operation.world import World


class Books:
    """A journal whose lines go to every host before it is switched."""

    def __init__(self, world: World) -> None:
        self._world, self._operation, self._written = world, ulid(), bytearray()

    def ports(self) -> Ports:
        return replace(self._world.ports(), journal=self)

    def record(self, *facts: Fact) -> None:
        for fact in facts:
            made = Record(ulid(), EPOCH, "shop", "production", self._operation, "ada", fact)
            self._written += to_line(entry(made))

    def ahead(self, fact: Fact) -> bytes:
        raise NotImplementedError  # no switch is to be confirmed

    def lines(self) -> bytes:
        return b"lines"  # as its world wants them

    def read(self) -> tuple[Record, ...]:
        """All that was written."""
        entries, broken = from_lines(bytes(self._written))
        assert not broken
        return tuple(one for one in map(record, entries) if one is not None)
