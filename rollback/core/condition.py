"""What one host showed when it was looked over: facts only. ready.py says what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Keeping(StrEnum):
    """How a release lies on a host. `unread`: nobody could compare it with its manifest."""

    ABSENT = "absent"
    INTACT = "intact"
    DAMAGED = "damaged"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Kept:
    """said: what differs, or why it could not be compared."""

    keeping: Keeping
    said: str = ""


@dataclass(frozen=True, slots=True)
class Right:
    """A command of the playbook that needs sudo. allowed: None when that can't be told. said: by sudo, or by us."""

    command: str
    allowed: bool | None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """Space on a file system. entries: inodes."""

    size: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """`problem` says why the host could not be looked over, and the rest is then empty.

    round_trip: seconds from a question to its answer, without the host's own work. offset: seconds that its clock is
    ahead of ours, at least and at most. free: None when it could not tell; `entries` 0 where they are not counted.
    tree: what the live release takes there. missing: shared files. kept: the releases that were asked about, by id.
    """

    host: str
    at: datetime
    problem: str = ""
    round_trip: float = 0.0
    offset: tuple[float, float] = (0.0, 0.0)
    lacking: tuple[str, ...] = ()
    unwritable: tuple[str, ...] = ()
    free: Room | None = None
    tree: Room | None = None
    missing: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    kept: tuple[tuple[str, Kept], ...] = ()
