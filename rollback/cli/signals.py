"""Ctrl-C, SIGTERM and SIGHUP as one exception, and the shield under which they wait until a way back has ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rollback.model import Event, Noticed

_CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """`signal`: its number; the exit code is 128 + it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = number


class Signals:
    """Turns signals into Interrupted while entered."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell, self._shields, self.last = tell, 0, 0

    def __enter__(self) -> Signals:
        self._before = {number: signal.signal(number, self._caught) for number in _CAUGHT}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

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
        if self._shields:
            self._tell(Noticed("not now: the hosts are being put in order first"))
        else:
            raise Interrupted(number)
