"""From an operator to its hosts: requests and answers that take their time, get lost, come late, or are cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from rollback.errors import HostError, OutsideProtocol, Unreachable
from rollback.hosts.protocol import Answer, Request
from rollback.hosts.remote import Reach
from rollback.model import Host
from tests.simulation.clockwork import Clockwork, Process
from tests.simulation.host import SimHost
from tests.simulation.weather import Weather


@dataclass(slots=True)
class Network:
    """sending: told who sends what to which host. cut: (laptop, host) -> until when nothing passes between them.
    unknown: (operation, verb, host) of requests whose answer never came."""

    clock: Clockwork
    weather: Weather
    hosts: dict[str, SimHost]
    sending: Callable[[Process, str, Request], None]
    cut: dict[tuple[str, str], float] = field(default_factory=dict)
    unknown: set[tuple[str | None, str, str]] = field(default_factory=set)

    def reach(self, laptop: str) -> Reach:
        """How hosts are reached from there."""

        def reach(host: Host) -> Wire:
            if not self.passes(laptop, host.name):
                self.clock.sleep(self.clock.rng.uniform(0, 5))
                raise Unreachable(f"{host.name} does not answer.")
            return Wire(self, laptop, self.hosts[host.name])

        return reach

    def passes(self, laptop: str, host: str) -> bool:
        return self.hosts[host].up and self.cut.get((laptop, host), 0.0) <= self.clock.now


@dataclass(frozen=True, slots=True)
class Wire:
    """One host as one operator speaks to it."""

    network: Network
    laptop: str
    host: SimHost

    def ask(self, request: Request) -> Answer:
        network, clock, weather = self.network, self.network.clock, self.network.weather
        network.sending(clock.task.process, self.host.name, request)
        fate = weather.fate() if self._passes() else "lost"
        asking, ticket = clock.task, clock.ticket()

        def arrive() -> None:
            self.host.serve(request, reply)

        def reply(answer: Answer | None) -> None:
            if fate not in {"late", "deaf"} and self._passes():
                clock.wake(asking, ticket, self._read(answer, fate), weather.latency())

        if fate != "lost":
            delay = weather.latency() + (clock.rng.expovariate(1 / 60) if fate == "late" else 0)
            clock.begin(clock.process("wire"), arrive, delay)
        patience = weather.patience(request.deadline) if fate else request.deadline
        clock.wake(asking, ticket, Unreachable(f"the connection to {self.host.name} was lost."), patience)
        try:
            answer: Answer = clock.park()
        except HostError:
            network.unknown.add((request.first("operation"), request.verb, self.host.name))
            raise
        return answer

    def _read(self, answer: Answer | None, fate: str) -> Answer | HostError:
        if fate == "garbled" or (answer is None and self.network.clock.rng.random() < 0.5):
            return OutsideProtocol(f"{self.host.name} gave no answer that rollback understands")
        return answer or Unreachable(f"the connection to {self.host.name} was lost before it answered")

    def _passes(self) -> bool:
        return self.network.passes(self.laptop, self.host.name)

    def dial(self, address: str, port: int) -> NoReturn:
        raise NotImplementedError

    def close(self) -> None:
        """What was sent stays sent."""
