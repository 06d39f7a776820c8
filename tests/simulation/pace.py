"""How a fleet's work goes on in a simulation: tasks instead of threads, simulated time instead of this machine's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from rollback.hosts.pace import THREADS, Pace
from tests.simulation.clockwork import Clockwork, Task

T = TypeVar("T")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def pace(clock: Clockwork, skew: Callable[[], float]) -> Pace:
    """skew: seconds that this machine's wall clock is wrong by."""

    def each(hosts: Sequence[str], ask: Callable[[str], T], /) -> tuple[T, ...]:
        return _Round(clock, hosts, ask).made() if hosts else ()

    def aside(work: Callable[[], T], /) -> Callable[[], T]:
        return _Aside(clock, work).result

    return Pace(
        each=each,
        aside=aside,
        sleep=lambda _: clock.sleep(clock.rng.uniform(0, 2)),  # the real one is random too, from elsewhere
        beating=lambda beat, every: _Beating(clock, beat, every),
        lock=lambda: _Lock(clock),
        now=lambda: EPOCH + timedelta(seconds=clock.now + skew()),
        monotonic=lambda: clock.now,
    )


class _Round(Generic[T]):
    """All hosts asked at once, by at most as many tasks as there would be threads."""

    def __init__(self, clock: Clockwork, hosts: Sequence[str], ask: Callable[[str], T]) -> None:
        self._clock, self._hosts, self._ask = clock, hosts, ask
        self._todo: Iterator[int] = iter(range(len(hosts)))
        self._answers: dict[int, T] = {}
        self._errors: dict[int, Exception] = {}
        self._waiting = (clock.task, clock.ticket())

    def made(self) -> tuple[T, ...]:
        """An interruption does not wait for those that still work."""
        for _ in range(min(THREADS, len(self._hosts))):
            self._clock.begin(self._clock.task.process, self._work)
        try:
            self._clock.park()
        finally:
            self._todo = iter(())
        if self._errors:
            raise self._errors[min(self._errors)]
        return tuple(self._answers[place] for place in range(len(self._hosts)))

    def _work(self) -> None:
        while (place := next(self._todo, None)) is not None:
            try:
                self._answers[place] = self._ask(self._hosts[place])
            except AssertionError:
                raise  # the simulation's own
            except Exception as error:
                self._errors[place] = error
            if len(self._answers) + len(self._errors) == len(self._hosts):
                self._clock.wake(*self._waiting)


class _Aside(Generic[T]):
    """What is done meanwhile."""

    def __init__(self, clock: Clockwork, work: Callable[[], T]) -> None:
        self._clock, self._work = clock, work
        self._done: list[Callable[[], T]] = []
        self._waiting: tuple[Task, int] | None = None
        clock.begin(clock.task.process, self._run)

    def result(self) -> T:
        if not self._done:
            self._waiting = (self._clock.task, self._clock.ticket())
            self._clock.park()
        return self._done[0]()

    def _run(self) -> None:
        value = self._work()
        self._done.append(lambda: value)
        if self._waiting:
            self._clock.wake(*self._waiting)


@dataclass(slots=True)
class _Beating:
    clock: Clockwork
    beat: Callable[[], None]
    every: float
    stopped: bool = False

    def __enter__(self) -> None:
        self.clock.begin(self.clock.task.process, self._run)

    def __exit__(self, *_: object) -> None:
        self.stopped = True

    def _run(self) -> None:
        self.clock.sleep(self.every)
        while not self.stopped:
            self.beat()
            self.clock.sleep(self.every)


@dataclass(slots=True)
class _Lock:
    clock: Clockwork
    held: bool = False
    waiting: deque[Callable[[], None]] = field(default_factory=deque)

    def __enter__(self) -> None:
        if self.held:
            task, ticket = self.clock.task, self.clock.ticket()

            def hand_on() -> None:
                self.clock.wake(task, ticket)

            self.waiting.append(hand_on)
            try:
                self.clock.park()
            except BaseException:
                self._leave(hand_on)
                raise
        self.held = True

    def _leave(self, waiting: Callable[[], None]) -> None:
        """Who was interrupted waits no more; if it had been handed on already, the next one gets it."""
        if waiting in self.waiting:
            self.waiting.remove(waiting)
        else:
            self.__exit__()

    def __exit__(self, *_: object) -> None:
        self.held = False
        if self.waiting:
            self.held = True  # handed on: nobody comes between
            self.waiting.popleft()()
