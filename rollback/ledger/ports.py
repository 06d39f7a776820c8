"""What a database is to this room, be it a file or a server: it is asked and told in SQL that both read alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

NEWEST = 2  # version of the tables


class Unavailable(Exception):
    """The database can't be used now; `str()` says why, in a few cleaned words."""


@dataclass(frozen=True, slots=True)
class Question:
    """sql: with `:name` where a value stands."""

    sql: str
    values: Mapping[str, object]


class Talk(Protocol):
    """One transaction. Raises Unavailable."""

    def ask(self, question: Question) -> Iterable[Sequence[Any]]:
        """The rows."""
        ...

    def tell(self, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
        """The same for each row; of none nothing."""
        ...


class Store(Protocol):
    """shown: how it is called, fit for every eye. Everything raises Unavailable."""

    @property
    def shown(self) -> str: ...
    def talk(self, seconds: float) -> AbstractContextManager[Talk]:
        """What was told in it is kept when it ends well. seconds: to wait for it in all, where it may stand still."""
        ...

    def version(self) -> int:
        """Of the tables; 0: there is nothing yet."""
        ...

    def upgrade(self) -> int:
        """To the newest version, unless it is newer; which one it was at before."""
        ...

    def close(self) -> None: ...
