"""What can be asked of a ledger without reading all of it, and the same of records that are at hand. Pure.

Whole operations or none: what half of one says may be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from rollback.model import Ended, Judged, Marked, Record, Started, Withdrawn

Names = frozenset[str]
LAST = "Z"  # after every ULID


class Shelf(Protocol):
    """The records of one environment. Operations are named by their ids."""

    def newest(self, count: int) -> Names:
        """The last so many operations by id."""
        ...

    def since(self, record: str, until: str = LAST) -> Names:
        """The operations that have a record whose id is at least the one, and at most the other."""
        ...

    def judging(self, digits: Names) -> Names:
        """The operations with a verdict on these commits, or a withdrawal of them."""
        ...

    def starting(self, tags: Names) -> Names: ...
    def latest(self, kinds: Names) -> Names:
        """For each kind of fact, the operation of the last one."""
        ...

    def naming(self, hosts: Names, before: str) -> str | None:
        """The id of the last start or end, before the record `before`, that names one of the hosts; of none: any."""
        ...

    def known(self, operations: Names) -> Names:
        """Those of them of which there is something."""
        ...

    def of_kind(self, kind: str, since: str = "") -> tuple[Record, ...]:
        """since: the least id."""
        ...

    def read(self, operations: Names) -> tuple[Record, ...]:
        """All their records, by id."""
        ...


def digits(release_id: str) -> str:
    """The part of a release's id that is its commit's."""
    return release_id.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class Pile:
    """A Shelf of records that are at hand, by id."""

    records: tuple[Record, ...]
    _by_operation: dict[str, list[Record]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for record in self.records:
            self._by_operation.setdefault(record.operation, []).append(record)

    def newest(self, count: int) -> Names:
        return frozenset(sorted(self._by_operation)[-count:] if count else ())

    def since(self, record: str, until: str = LAST) -> Names:
        return frozenset(one.operation for one in self.records if record <= one.id <= until)

    def judging(self, digits: Names) -> Names:
        return frozenset(one.operation for one in self.records if judged(one) in digits)

    def starting(self, tags: Names) -> Names:
        started = ((one.operation, one.fact) for one in self.records)
        return frozenset(name for name, fact in started if isinstance(fact, Started) and fact.target.tag in tags)

    def latest(self, kinds: Names) -> Names:
        last = {kind_of(one): one.operation for one in self.records}
        return frozenset(operation for name, operation in last.items() if name in kinds)

    def naming(self, hosts: Names, before: str) -> str | None:
        earlier = (one for one in self.records if one.id < before)
        found = (one.id for one in earlier if _named(one) is not None and (not hosts or _names(one) & hosts))
        return max(found, default=None)

    def known(self, operations: Names) -> Names:
        return operations & self._by_operation.keys()

    def of_kind(self, kind: str, since: str = "") -> tuple[Record, ...]:
        return tuple(one for one in self.records if kind_of(one) == kind and one.id >= since)

    def read(self, operations: Names) -> tuple[Record, ...]:
        mine = (one for name in operations for one in self._by_operation.get(name, ()))
        return tuple(sorted(mine, key=lambda one: one.id))


def kind_of(record: Record) -> str:
    return type(record.fact).__name__.lower()


def judged(record: Record) -> str | None:
    """The digits of the commit that a record is the word on."""
    fact = record.fact
    return fact.release.commit[:12] if isinstance(fact, Judged | Marked | Withdrawn) else None


def _named(record: Record) -> Names | None:
    match record.fact:
        case Started(hosts=hosts):
            return frozenset(hosts)
        case Ended(live=live, pending=pending):
            return frozenset(host for host, _ in live) | frozenset(pending)
        case _:
            return None


def _names(record: Record) -> Names:
    return _named(record) or frozenset()
