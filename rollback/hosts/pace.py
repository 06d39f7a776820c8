"""How work goes on: on many hosts at once, waiting, again and again in the background, by which clocks.

Here it is threads and this machine's time. A simulation hands in its own, and is the same every time it is run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from rollback.hosts.heartbeat import Heartbeat

THREADS = 64
T = TypeVar("T")
Beating = Callable[[Callable[[], None], float], AbstractContextManager[object]]


class Spread(Protocol):
    def __call__(self, hosts: Sequence[str], ask: Callable[[str], T], /) -> tuple[T, ...]: ...


def at_once(hosts: Sequence[str], ask: Callable[[str], T], /) -> tuple[T, ...]:
    """All hosts at once, the results in the hosts' order. An interruption does not wait for those that still work."""
    if not hosts:
        return ()
    threads = ThreadPoolExecutor(min(THREADS, len(hosts)), thread_name_prefix="host")
    try:
        return tuple(threads.map(ask, hosts))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


class Aside(Protocol):
    def __call__(self, work: Callable[[], T], /) -> Callable[[], T]: ...


def aside(work: Callable[[], T], /) -> Callable[[], T]:
    """Begin it and do not wait: its result, or what it raised, comes by calling what is given back."""
    threads = ThreadPoolExecutor(1, thread_name_prefix="aside")
    begun = threads.submit(work)
    threads.shutdown(wait=False)
    return begun.result


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pace:
    """beating: see Heartbeat. now: UTC. monotonic: seconds."""

    each: Spread = at_once
    aside: Aside = aside
    sleep: Callable[[float], None] = time.sleep
    beating: Beating = Heartbeat
    lock: Callable[[], AbstractContextManager[object]] = threading.Lock
    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
