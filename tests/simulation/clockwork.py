"""Time and all that goes on in it, in one thread: what happens next follows from the moments that were asked for.

A process is what can be killed or put to sleep as a whole: an operator's command, a shell on a host. What it does, it
does in tasks. A killed task is never resumed: `Killed` goes through it to its end, and whatever it asks for on the way
is answered with `Killed` again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Any, NoReturn

from greenlet import getcurrent, greenlet


class Killed(BaseException):
    """The process is gone."""


@dataclass(eq=False, slots=True)
class Process:
    """asleep: until that moment it does nothing."""

    name: str
    dead: bool = False
    asleep: float = 0.0
    tasks: dict[Task, None] = field(default_factory=dict)


class Task(greenlet):
    """ticket: which waiting it is that may be ended; earlier ones are over."""

    def __init__(self, process: Process, run: Callable[[object], object], parent: greenlet) -> None:
        super().__init__(run, parent)
        self.process, self.ticket = process, 0


class Clockwork:
    """now: seconds since the simulation began."""

    def __init__(self, rng: Random) -> None:
        self.rng, self.now, self.steps = rng, 0.0, 0
        self._hub = getcurrent()
        self._queue: list[tuple[float, int, Task, int, Any]] = []
        self._entered = 0
        self._processes: list[Process] = []

    @property
    def task(self) -> Task:
        task = getcurrent()
        assert isinstance(task, Task)
        return task

    def process(self, name: str) -> Process:
        process = Process(name)
        self._processes.append(process)
        return process

    def begin(self, process: Process, run: Callable[[], object], delay: float = 0.0) -> Task:
        """A new task of this process."""

        def guarded(_: object) -> None:
            try:
                if not process.dead:
                    run()
            except Killed:
                pass
            finally:
                process.tasks.pop(task, None)

        task = Task(process, guarded, self._hub)
        process.tasks[task] = None
        self.wake(task, task.ticket, None, delay)
        return task

    def kill(self, process: Process) -> None:
        """All its tasks but the running one, which must raise Killed then."""
        process.dead = True
        me = getcurrent()
        for task in [one for one in process.tasks if one is not me]:
            task.parent = me  # there it goes back to when it has ended
            if task:
                task.throw(Killed())

    def live_on(self) -> None:
        """Raises Killed in a process that is dead."""
        if self.task.process.dead:
            raise Killed

    def die(self) -> NoReturn:
        """The running task's own process is killed."""
        self.kill(self.task.process)
        raise Killed

    def interrupt(self, task: Task, error: BaseException) -> None:
        """As a signal does: raised where the task waits."""
        if task in task.process.tasks:
            task.ticket += 1
            self.wake(task, task.ticket, error)

    def wake(self, task: Task, ticket: int, value: object = None, delay: float = 0.0) -> None:
        self._entered += 1
        heappush(self._queue, (self.now + delay, self._entered, task, ticket, value))

    def ticket(self) -> int:
        """A new one for the running task: it is about to park."""
        task = self.task
        task.ticket += 1
        return task.ticket

    def park(self) -> Any:
        """Waits until somebody wakes the running task by its ticket; returns the value that it is woken with."""
        self.live_on()
        value = self._hub.switch()
        self.live_on()
        if isinstance(value, BaseException):
            raise value
        return value

    def sleep(self, seconds: float) -> None:
        self.wake(self.task, self.ticket(), None, seconds)
        self.park()

    def run(self, most: int) -> None:
        """Until nothing is left to happen; never more than so many things."""
        while self._queue:
            moment, _, task, ticket, value = heappop(self._queue)
            if task.dead or task.ticket != ticket or task.process.dead:
                continue
            if task.process.asleep > max(moment, self.now):
                self.wake(task, ticket, value, task.process.asleep - self.now)
                continue
            self.now = max(self.now, moment)
            self.steps += 1
            assert self.steps < most, "it never ends"
            task.switch(value)

    def close(self) -> None:
        for process in self._processes:
            self.kill(process)
