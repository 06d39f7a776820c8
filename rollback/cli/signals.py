"""Ctrl-C, SIGTERM and SIGHUP as one exception, and the shield under which they wait until a way back has ended.

An operation is interrupted once: what comes after that, as when Ctrl-C is held down, is answered with a line.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rollback.events import Event, Noticed

_CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """`signal`: its number; the exit code is 128 + it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = number


class Signals:
    """Turns the first signal into Interrupted while entered. `last`: the last signal's number, 0: none came."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell, self._shields, self._interrupted, self.last = tell, 0, False, 0
        # A handler runs in the middle of anything, so it must take no lock: another thread tells what it has to say.
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._telling = threading.Thread(target=self._tell_all, daemon=True, name="signals")

    def __enter__(self) -> Signals:
        self._telling.start()
        self._before = {number: signal.signal(number, self._caught) for number in _CAUGHT}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._said.put("")
        self._telling.join()

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Signals that come meanwhile are answered with a line and have no other effect."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    def _caught(self, number: int, _: FrameType | None) -> None:
        self.last = number
        if self._shields or self._interrupted:
            self._said.put("not now: the hosts are being put in order first")
            return
        self._interrupted = True
        raise Interrupted(number)

    def _tell_all(self) -> None:
        while text := self._said.get():
            self._tell(Noticed(text))
