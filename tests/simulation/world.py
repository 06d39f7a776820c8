"""A whole simulation from its seed: hosts, laptops, operators that compete, what befalls them. In the end all is
healed, one rollback is made, and the fleet must be in order.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace

from rollback.core.rollout import Rollout, groups
from rollback.errors import RollbackError, SourceError
from rollback.hosts.fleet import Fleet
from rollback.hosts.protocol import Request
from rollback.model import Fact, Host, Kind, Release, View
from rollback.operation.ports import Policy
from rollback.playbook.secrets import Secrets
from tests.hosts.packages import Made, Shared
from tests.simulation.clockwork import Clockwork, Process
from tests.simulation.command import Command, Operator, Wanted
from tests.simulation.fates import Fate
from tests.simulation.host import SimHost
from tests.simulation.laptop import Book, Laptop
from tests.simulation.network import Network
from tests.simulation.pace import pace
from tests.simulation.past import LINES, READ, RECORDS
from tests.simulation.truth import LATER, OLD, V0, V1, Checks, Nature, Truth
from tests.simulation.weather import Weather
from tests.simulation.witness import Witness

NAMES = tuple(f"web{number}" for number in range(1, 1001))
_HERE = Path(__file__)
_KINDS = (*3 * (Kind.DEPLOY,), *2 * (Kind.ROLLBACK,), Kind.RESUME, Kind.DRILL)


class World:
    """count: how many hosts; 0: a few. host: what they are made of. trace: what happened, line by line, if wanted."""

    def __init__(self, seed: int, count: int = 0, host: type[SimHost] = SimHost, *, tracing: bool = False) -> None:
        rng = self.rng = Random(seed)
        self.trace: list[str] | None = [] if tracing else None
        self.clock, self.weather = Clockwork(rng), Weather.drawn(rng)
        self.truth = Truth({one.tag: rng.choice(tuple(Nature)) for one in LATER})
        self.git, self.healed = rng.random() < 0.9, False
        self.described = self._described(count or rng.choice((1, 2, 2, 3, 3, 4, 5)))
        self.hosts: dict[str, SimHost] = {}
        self.network = Network(self.clock, self.weather, self.hosts, self._sending)
        self.witness = Witness(self.hosts, self.truth, self.network.unknown)
        self.hosts.update((one.name, self._host(one.name, host)) for one in self.described)
        self.laptops = (Laptop("ada", records=dict(RECORDS)), Laptop("bob"), Laptop("new"))
        self.read = dict(READ)
        self.operators: list[Operator] = []
        self.policy = self._policy()
        self.rollout = self._rollout()
        self.views = frozenset((View.HOST, View.URL) if rng.random() < 0.3 else (View.HOST,))

    def run(self) -> None:
        """Raises AssertionError for what must not be so."""
        rng, moment = self.rng, 0.0
        for _ in range(rng.choice((1, 2, 2, 3, 4))):
            self._start(rng.choice(self.laptops[:2]), self._wanted(), moment)
            moment += rng.expovariate(1 / 20)
        fate = self.clock.process("fate")
        for _ in range(rng.choice((0, 1, 2, 4, 6))):
            self.clock.begin(fate, self._fate().strike, rng.uniform(0, moment + 30))
        self.clock.begin(self.clock.process("healer"), lambda: self._heal(fate))
        try:
            self.clock.run(100_000 + 5000 * len(self.hosts))
            self.witness.in_order(self.operators[-1], self._book(self.operators[-1].laptop))
        finally:
            self.clock.close()

    def note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.clock.now:9.3f} {text}")

    # What there is

    def _described(self, count: int) -> tuple[Host, ...]:
        restart, drain = self.rng.choice((None, "restart")), self.rng.choice((None, "drain"))
        return tuple(Host(name, "/srv/shop", restart=restart, drain=drain, undrain=drain) for name in NAMES[:count])

    def _host(self, name: str, kind: type[SimHost]) -> SimHost:
        """As two deploys have left it."""
        host = kind(name, self.clock, self.weather, self.truth.shell, self.witness.needed)
        host.complete = {one.id: (one.tag, one.commit, one.tree) for one in (OLD, V0, V1)}
        host.built |= set(host.complete)
        host.live, host.previous, host.journals = V1.id, V0.id, dict(LINES)
        return host

    def _policy(self) -> Policy:
        automatic = self.rng.choice(("on", "on", "ask", "off"))
        inconclusive, preflight = self.rng.choice(("hold", "rollback", "accept")), self.rng.random() < 0.3
        return Policy(
            automatic, inconclusive, preflight, 2, {}, confirm_within=self.rng.choice((None, None, 20.0, 90.0))
        )

    def _rollout(self) -> Rollout:
        rng = self.rng
        canary, batch = rng.choice((0, 1)), rng.choice((0, 1, 2)) * max(1, len(self.hosts) // 5)
        zoned = [replace(one, zone=rng.choice(("a", "a", "b"))) for one in self.described]
        pause, divided = rng.choice((0.0, 0.0, 40.0)), rng.random() < 0.3
        return Rollout(canary, batch, pause=pause, groups=groups(zoned, ()) if divided else ())

    def _wanted(self) -> Wanted:
        rng = self.rng
        kind = rng.choice(_KINDS)
        steal = ("0",) if kind is Kind.ROLLBACK and rng.random() < 0.3 else ()
        releases: dict[Kind, tuple[Release | None, ...]] = {Kind.DEPLOY: LATER, Kind.ROLLBACK: (None, None, V0)}
        release = rng.choice(releases.get(kind, (None,)))
        return Wanted(kind, release, rng.choice((0, 0, 1)), steal, rng.choice((0.0, 0.0, 100.0)))

    def _fate(self) -> Fate:
        rng = self.rng
        host, laptop = rng.choice(tuple(self.hosts.values())), rng.choice(self.laptops)
        seconds = rng.uniform(1, 30) if rng.random() < 0.5 else rng.uniform(30, 500)
        return Fate(rng, self.clock, self.network, self.operators, host, laptop, seconds, self.note)

    # Operators

    def _start(self, laptop: Laptop, wanted: Wanted, delay: float = 0.0) -> None:
        process = self.clock.process(f"{laptop.name}-{len(self.operators)}")
        operator = Operator(process, laptop)
        self.operators.append(operator)
        operator.task = self.clock.begin(process, lambda: self._operate(operator, wanted), delay)

    def _operate(self, operator: Operator, wanted: Wanted) -> None:
        self.note(f"{operator.process.name}: {wanted}")
        began = self.clock.now
        try:
            self._command(operator).do(wanted)
        except RollbackError as error:
            operator.ended = f"{type(error).__name__}: {error}"
        except KeyboardInterrupt:
            operator.ended = "interrupted"
        self.note(f"{operator.process.name}: ended: {operator.ended}")
        self.witness.ended(operator, wanted, self.clock.now - began)
        self.clock.die()

    def _command(self, operator: Operator) -> Command:
        laptop = operator.laptop
        fleet = Fleet(
            self.described,
            self.network.reach(laptop.name),
            app="shop",
            environment="production",
            shared=Shared(),
            prepare=("build",),
            package=self._package,
            pack=lambda release, _: Made(release, _HERE, "0" * 64, _HERE, 1, 1),
            secrets=Secrets({}),
            tell=lambda event: Command.tell(command, event),
            pace=pace(self.clock, lambda: laptop.skew),
        )
        checks = Checks(self.clock, self.truth, self.hosts, fleet, self.views)
        environment = SimpleNamespace(name="production", hosts=self.described)
        rooms = {"environment": environment, "policy": self.policy, "rollout": self.rollout, "note": self.note}
        command = Command(operator, self.clock, self._book(laptop), fleet, self.operators, checks=checks, **rooms)
        return command

    def _book(self, laptop: Laptop) -> Book:
        return Book(self.clock, laptop, self._heard, self.read)

    def _heard(self, operation: str, fact: Fact) -> None:
        if self.trace is not None:
            self.note(f"{operation[-4:]} records {fact}")
        self.witness.heard(operation, fact)

    def _sending(self, process: Process, host: str, request: Request) -> None:
        if self.trace is not None:
            self.note(f"{process.name} asks {host} to {request.verb} {request.first('number') or ''}")
        operator = next(one for one in self.operators if one.process is process)
        self.witness.sending(operator, host, request)

    def _package(self, release: Release) -> Made:
        if not self.git:
            raise SourceError("git is away")
        return Made(release, _HERE, "0" * 64, _HERE, 1, 1)

    # The end

    def _heal(self, fate: Process) -> None:
        """Once everybody has ended. What was sent may still arrive."""
        while any(not one.process.dead for one in self.operators):
            assert self.clock.now < 20_000, f"they never end: {[one.process.name for one in self.operators]}"
            self.clock.sleep(5)
        self.clock.kill(fate)
        self.weather.calm()
        self.network.cut.clear()
        self.git, self.truth.audible = True, True
        for host in self.hosts.values():
            host.heal()
        while any(host.shells for host in self.hosts.values()):
            self.clock.sleep(5)
        self.note("all is healed")
        self._start(self.rng.choice(self.laptops), Wanted(Kind.ROLLBACK, wait=2000.0))
