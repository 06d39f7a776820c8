"""How fast uploads may be: hosts with the same cap share it, as they share the line that it is about."""

from __future__ import annotations

from rollback.hosts.pace import Pace


class Bandwidth:
    def __init__(self, pace: Pace) -> None:
        self._sleep, self._now = pace.sleep, pace.monotonic
        self._turn = pace.lock()
        self._free: dict[float, float] = {}  # when what was let through before is through, by cap

    def spend(self, cap: float, count: int) -> None:
        """Waits as long as `count` bytes take at `cap` bytes a second, behind those of other hosts."""
        with self._turn:
            now = self._now()
            through = self._free[cap] = max(now, self._free.get(cap, now)) + count / cap
        self._sleep(max(0.0, through - now))
