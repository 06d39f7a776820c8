"""ULIDs for operations and records. Within a process, sorting by id is the order in which the ids were asked for,
also within one millisecond, among threads, and when the clock is set back."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime

from ulid import ULID, ULIDGenerator

AHEAD = 24 * 3600 * 1000  # ms: how far another machine's clock is followed; a record from 2099 must not drag us along


def _now() -> int:
    return time.time_ns() // 1_000_000


def _entropy(_: int) -> bytes:
    return os.urandom(10)


class Ids:
    """A source of ULIDs that never goes back. now: milliseconds since 1970. entropy: ten bytes for a millisecond."""

    def __init__(self, now: Callable[[], int] = _now, entropy: Callable[[int], bytes] = _entropy) -> None:
        self._now = now
        self._latest = 0
        self._lock = threading.Lock()
        self._generator = ULIDGenerator(clock=lambda: self._latest, randomness=entropy)

    def next(self) -> str:
        """The next id, 26 characters."""
        with self._lock:
            self._latest = max(self._now(), self._latest)
            return str(self._generator.generate())

    def after(self, seen: str) -> None:
        """From here on ids sort after `seen`: what was said in answer to a record follows it, whoever's clock lags."""
        moment = ULID.from_str(seen).milliseconds
        with self._lock:
            if moment < self._now() + AHEAD:
                self._latest = max(self._latest, moment + 1)


def floor(at: datetime) -> str:
    """The least id that can have been made at this time."""
    return str(ULID.from_bytes(max(0, int(at.timestamp() * 1000)).to_bytes(6, "big") + bytes(10)))


_IDS = Ids()
ulid = _IDS.next
after = _IDS.after
