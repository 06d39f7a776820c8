"""What befalls hosts, laptops and operators, each at some moment: one of these, with everything drawn beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.clockwork import Clockwork
from tests.simulation.command import Operator
from tests.simulation.host import SimHost
from tests.simulation.laptop import Laptop
from tests.simulation.network import Network


@dataclass(slots=True)
class Fate:
    """One stroke of it. seconds: how long it lasts."""

    rng: Random
    clock: Clockwork
    network: Network
    operators: list[Operator]
    host: SimHost
    laptop: Laptop
    seconds: float
    note: Callable[[str], None]

    def strike(self) -> None:
        kinds = (self._kill, self._kill, self._kill, self._interrupt, self._cut, self._reboot, self._replace)
        self.rng.choice((*kinds, self._sleep, self._turn_the_clock, self._fill))()

    def _kill(self) -> None:
        running = [one for one in self.operators if not one.process.dead]
        if running:
            victim = self.rng.choice(running)
            self.note(f"{victim.process.name}: is killed")
            self.clock.kill(victim.process)

    def _interrupt(self) -> None:
        for one in self.operators:
            if one.task and not (one.process.dead or one.shields or one.interrupted):
                one.interrupted = True
                self.note(f"{one.process.name}: is interrupted")
                self.clock.interrupt(one.task, KeyboardInterrupt())
                return

    def _cut(self) -> None:
        self.note(f"{self.laptop.name} does not reach {self.host.name} for {self.seconds:.0f} s")
        self.network.cut[self.laptop.name, self.host.name] = self.clock.now + self.seconds

    def _reboot(self) -> None:
        self.note(f"{self.host.name} loses power for {self.seconds:.0f} s")
        self.host.lose_power(self.seconds)

    def _replace(self) -> None:
        self.note(f"{self.host.name} is replaced by an empty machine")
        self.host.replace()

    def _sleep(self) -> None:
        self.note(f"{self.laptop.name} sleeps for {self.seconds:.0f} s")
        for one in self.operators:
            if one.laptop is self.laptop:
                one.process.asleep = self.clock.now + self.seconds

    def _turn_the_clock(self) -> None:
        self.laptop.skew += self.rng.uniform(-7200, 7200)
        self.note(f"{self.laptop.name}'s clock is wrong by {self.laptop.skew:.0f} s")

    def _fill(self) -> None:
        self.host.tight, self.host.stuffed = True, self.rng.random() < 0.3
        self.note(f"{self.host.name}'s disk has {'no room at all' if self.host.stuffed else 'little room'}")
        self.clock.sleep(self.seconds)
        self.host.tight = self.host.stuffed = False
