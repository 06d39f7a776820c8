"""Does something again and again in the background while an operation runs: how leases are kept from running out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Heartbeat:
    """A context manager. beat: called every `every` seconds, never twice at once, for the first time after that long.
    It must not raise."""

    def __init__(self, beat: Callable[[], None], every: float) -> None:
        self._beat, self._every = beat, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="heartbeat")

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Does not wait for a beat that is under way: it may hang on a host that is gone."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._beat()
