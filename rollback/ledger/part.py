"""A part of the ledger: which records are wanted, so that a question about a quarter does not read ten years."""

from __future__ import annotations

from dataclasses import dataclass

from rollback.ledger.codec import Entry


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


WHOLE = Part()
