"""The post: whoever hands a message in goes on at once; a thread a target carries them, in their order.

What could not be delivered in time is one sentence, for whoever asks; a thread that hangs is left behind.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from rollback.notify.message import Message


class NotTold(Exception):
    """Why a target was not told, in a few words."""


class Target(Protocol):
    """Somebody who is told. timeout: seconds for one message, retries included."""

    @property
    def name(self) -> str: ...
    @property
    def timeout(self) -> float: ...
    def wants(self, message: Message) -> bool: ...
    def tell(self, message: Message, due: float) -> None:
        """Until `due` (time.monotonic). Raises: NotTold."""
        ...


class Post:
    """One command's."""

    def __init__(self, targets: Iterable[Target], clock: Callable[[], float] = time.monotonic) -> None:
        self._lines = [_Line(target, clock) for target in targets]

    def send(self, message: Message) -> None:
        """Returns at once."""
        for line in self._lines:
            if line.target.wants(message):
                line.put(message)

    def failures(self) -> tuple[str, ...]:
        """What could not be told since this was last asked, a sentence each."""
        return tuple(said for line in self._lines for said in line.failures())

    def settle(self) -> tuple[str, ...]:
        """The same, once everything was told or its time is up."""
        return tuple(said for line in self._lines for said in (*line.settle(), *line.failures()))


class _Line:
    """One target's thread, begun with the first message. It is a daemon: nobody waits for what hangs."""

    def __init__(self, target: Target, clock: Callable[[], float]) -> None:
        self.target, self._clock = target, clock
        self._waiting: queue.SimpleQueue[tuple[Message, float]] = queue.SimpleQueue()
        self._failed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._done = threading.Condition()
        self._open, self._due, self._begun = 0, 0.0, False

    def put(self, message: Message) -> None:
        self._due = self._clock() + self.target.timeout
        with self._done:
            self._open += 1
        self._waiting.put((message, self._due))
        if not self._begun:
            self._begun = True
            threading.Thread(target=self._carry, daemon=True, name=f"tell {self.target.name}").start()

    def failures(self) -> Iterable[str]:
        while not self._failed.empty():
            yield self._failed.get()

    def settle(self) -> Iterable[str]:
        with self._done:
            if not self._done.wait_for(lambda: not self._open, max(0.0, self._due - self._clock())):
                yield f"{self.target.name} was not told in time ({self.target.timeout:g} s)"

    def _carry(self) -> None:
        while True:
            message, due = self._waiting.get()
            try:
                self.target.tell(message, due)
            except NotTold as why:
                self._failed.put(f"{self.target.name} was not told ({message.moment}): {why}")
            except Exception as bug:  # this border is what keeps others' code from an operation
                self._failed.put(f"{self.target.name} was not told ({message.moment}): {type(bug).__name__}: {bug}")
            with self._done:
                self._open -= 1
                self._done.notify_all()
