"""One operation's records in the ledger, as the operation's journal port."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rollback.model import Fact

if TYPE_CHECKING:
    from rollback.ledger.store import Ledger


class Entries:
    """What one operation records, under its id and its author's name. heard: is told each fact, once it is recorded."""

    def __init__(self, ledger: Ledger, operation: str, author: str, heard: Callable[[Fact], object] = bool) -> None:
        self._ledger, self.operation, self._author, self._heard = ledger, operation, author, heard

    def record(self, *facts: Fact) -> None:
        if facts:
            self._ledger.append(self.operation, self._author, *facts)
        for fact in facts:
            self._heard(fact)

    def ahead(self, fact: Fact) -> bytes:
        return self._ledger.ahead(self.operation, self._author, fact)

    def lines(self) -> bytes:
        """As JSON lines, for the hosts' journals."""
        return self._ledger.journal(self.operation)
