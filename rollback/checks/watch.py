"""The watch, and the pause between waves: everything is asked again and again while people already use the release,
until a limit is passed or time is up. The app has been healthy: here no answer is an answer, and nothing is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rollback.core.judge import violated
from rollback.core.series import condensed
from rollback.events import Event, Sampled
from rollback.model import Finding, Limits

Sample = Callable[[], Sequence[Finding]]
_ROUNDING = 1e-6
_TICK = 1.0  # seconds between two words on the time that is left


@dataclass(frozen=True, slots=True)
class Window:
    """How long and how often, in seconds, and time: clock in seconds, monotonic. over: it ends for another reason."""

    duration: float
    interval: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    tell: Callable[[Event], None]
    over: Callable[[], bool] = lambda: False

    def wait(self, moment: float, until: float) -> None:
        """For that moment, and say meanwhile how long it is until the end."""
        while (left := moment - self.clock()) > _ROUNDING and not self.over():
            self.sleep(min(_TICK, left))
            self.tell(Sampled((), max(0.0, until - self.clock())))


def observe(
    sample: Sample, limits: Mapping[str, Limits], excused: frozenset[str], window: Window
) -> tuple[Finding, ...]:
    """What was found, as far as it counts: see core.series. excused: checks that were red before the deploy."""
    seen: tuple[Finding, ...] = ()
    started = window.clock()
    until = started + window.duration
    while True:
        found = tuple(sample())
        seen = condensed((*seen, *found))
        following = started + window.interval
        ended = violated(seen, limits, excused) or window.over()
        last = following > until + _ROUNDING
        window.tell(Sampled(found, 0.0 if ended else max(0.0, until - window.clock())))
        if not ended:
            window.wait(until if last else following, until)
        if ended or last or window.over():
            return seen
        started = window.clock()
