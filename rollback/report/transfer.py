"""What is on its way to the hosts, as one line of a terminal: a bar, bytes, the rate, and how long it still takes."""

from __future__ import annotations

import time
from collections.abc import Callable

from rollback.events import Sent

_BAR = 24  # characters


class Transfer:
    """now: seconds, of a clock that never goes back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._began = now, 0.0
        self._sent: dict[str, Sent] = {}

    def add(self, event: Sent) -> None:
        if not self._sent:
            self._began = self._now()
        self._sent[event.host] = event

    def clear(self) -> None:
        """Another step began: what comes is another transfer."""
        self._sent.clear()

    def line(self) -> str:
        """\"\" while nothing is on its way."""
        sent, whole = (sum(getattr(one, part) for one in self._sent.values()) for part in ("count", "whole"))
        if sent >= whole:
            return ""
        done = _BAR * sent // whole
        shown = f"{'━' * done}{'╌' * (_BAR - done)} {100 * sent // whole:3} %  {sent / 1e6:.1f} of {whole / 1e6:.1f} MB"
        took = self._now() - self._began
        if sent == 0 or took <= 0:
            return shown
        return f"{shown}  {sent / took / 1e6:.1f} MB/s  {_spoken(took * (whole - sent) / sent)} left"


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
