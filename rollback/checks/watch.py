"""The watch: everything is asked again and again while people already use the release, until a limit is passed or time
is up. The app has been healthy: here no answer is an answer, and nothing is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rollback.core.judge import violated
from rollback.core.series import condensed
from rollback.events import Event, Sampled
from rollback.model import Finding, Limits
from rollback.playbook.settings import Watch

Sample = Callable[[], Sequence[Finding]]
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Window:
    """How long and how often, and time: clock in seconds, monotonic."""

    watch: Watch
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    tell: Callable[[Event], None]


def observe(
    sample: Sample, limits: Mapping[str, Limits], excused: frozenset[str], window: Window
) -> tuple[Finding, ...]:
    """What was found, as far as it counts: see core.series. excused: checks that were red before the deploy."""
    seen: tuple[Finding, ...] = ()
    until = window.clock() + window.watch.duration
    while True:
        started = window.clock()
        found = tuple(sample())
        seen = condensed((*seen, *found))
        following = started + window.watch.interval
        over = following > until + _ROUNDING or violated(seen, limits, excused)
        window.tell(Sampled(found, 0.0 if over else max(0.0, until - window.clock())))
        if over:
            return seen
        window.sleep(max(0.0, following - window.clock()))
