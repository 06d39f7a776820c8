"""What the dashboard is told of one environment, and by whom: a port. Each read gives what one page needs, no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rollback.core.metrics import Metrics
from rollback.model import Record, Sighting

PAGE = 50  # operations


@dataclass(frozen=True, slots=True)
class Seen:
    """The hosts, as they were at one moment (UTC)."""

    at: datetime
    hosts: tuple[Sighting, ...]


class Source(Protocol):
    """One environment of the playbook. Its methods may be called from several threads at once."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str | None: ...

    @property
    def waves(self) -> int:
        """How many a rollback would take."""
        ...

    def now(self) -> Sequence[Record]:
        """At least all that decides how it is now: verdicts, freezes, what was left undone."""
        ...

    def newest(self, count: int, before: str = "") -> Sequence[Record]:
        """All of the newest operations, or of the newest whose ids are smaller than `before`."""
        ...

    def operation(self, start: str) -> Sequence[Record]:
        """All of the operation whose id begins so; nothing when none does, or several do."""
        ...

    def around(self, mine: Sequence[Record]) -> Sequence[Record]:
        """What bears on how one operation is explained, whose records are given."""
        ...

    def delivery(self) -> Metrics:
        """By week, of core.metrics.DEFAULT_WINDOW until now."""
        ...

    def seen(self) -> Seen | None:
        """The hosts as they were last seen; None: not yet."""
        ...

    def pulse(self) -> object:
        """Cheap, and another value when there is something new."""
        ...
