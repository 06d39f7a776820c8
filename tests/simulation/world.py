"""A whole simulation from its seed: hosts, laptops, operators that compete, what befalls them; then all is healed, one
rollback is made, and the fleet must be in order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from rollback.core.left import left
from rollback.core.plan import Rollout
from rollback.errors import RollbackError, SourceError
from rollback.hosts.fleet import Fleet
from rollback.ledger import codec
from rollback.model import Ended, Fact, Grade, Host, Judged, Kind, Outcome, Record, Release, Started, Verdict, View
from rollback.operation.ports import Policy
from rollback.playbook.secrets import Secrets
from tests.hosts.packages import Made, Shared
from tests.simulation.clockwork import Clockwork
from tests.simulation.command import Command, Operator, Wanted
from tests.simulation.host import SimHost
from tests.simulation.laptop import Book, Laptop
from tests.simulation.network import Network
from tests.simulation.pace import EPOCH, pace
from tests.simulation.truth import LATER, V0, V1, Checks, Nature, Truth
from tests.simulation.weather import Weather

NAMES = tuple(f"web{number}" for number in range(1, 1001))
_HERE = Path(__file__)


class World:
    def __init__(self, seed: int, count: int = 0, tracing: bool = False) -> None:
        self.seed, self.rng = seed, Random(seed)
        self.trace: list[str] | None = [] if tracing else None
        rng = self.rng
        self.clock, self.weather, self.truth = Clockwork(rng), Weather.drawn(rng), Truth()
        self.truth.natures = {one.tag: rng.choice(tuple(Nature)) for one in LATER}
        restart, drain = rng.choice((None, "restart")), rng.choice((None, "drain"))
        names = NAMES[: count or rng.choice((1, 2, 2, 3, 3, 4, 5))]
        self.described = tuple(Host(name, "/srv/shop", restart=restart, drain=drain, undrain=drain) for name in names)
        self.hosts = {one.name: self._host(one.name) for one in self.described}
        self.network = Network(self.clock, self.weather, self.hosts)
        self.laptops = [Laptop("ada"), Laptop("bob"), Laptop("new")]
        self.laptops[0].records |= {record.id: record for record in BEFORE}
        self.read = dict(READ)
        self.fate = self.clock.process("fate")
        self.operators: list[Operator] = []
        self.started: dict[str, Started] = {}
        self.policy = Policy(
            rng.choice(("on", "on", "ask", "off")), rng.choice(("hold", "rollback", "accept")), rng.random() < 0.3, 2, {}
        )
        self.rollout = Rollout(rng.choice((0, 1)), rng.choice((0, 1, 2)))
        self.views = frozenset({View.HOST, *((View.URL,) if rng.random() < 0.3 else ())})
        self.git = rng.random() < 0.9

    def note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.clock.now:9.3f} {text}")

    def run(self) -> None:
        rng = self.rng
        moment = 0.0
        for _ in range(rng.choice((1, 2, 2, 3, 4))):
            self._start(rng.choice(self.laptops[:2]), self._wanted(), moment)
            moment += rng.expovariate(1 / 20)
        for _ in range(rng.choice((0, 1, 2, 4, 6))):
            self.clock.begin(self.fate, self._disaster(), rng.uniform(0, moment + 30))
        self.clock.begin(self.clock.process("final"), self._final)
        try:
            self.clock.run(100_000 + 5000 * len(self.hosts), lambda: None)
            self._in_order()
        finally:
            self.clock.close()

    # Operators

    def _wanted(self) -> Wanted:
        rng = self.rng
        kind = rng.choice((Kind.DEPLOY, Kind.DEPLOY, Kind.DEPLOY, Kind.ROLLBACK, Kind.ROLLBACK, Kind.RESUME))
        steal = ("0",) if kind is Kind.ROLLBACK and rng.random() < 0.3 else ()
        wait = rng.choice((0.0, 0.0, 100.0))
        release = rng.choice(LATER) if kind is Kind.DEPLOY else rng.choice((None, None, V0)) if kind is Kind.ROLLBACK else None
        return Wanted(kind, release, rng.choice((0, 0, 1)), steal, wait)

    def _start(self, laptop: Laptop, wanted: Wanted, delay: float) -> Operator:
        process = self.clock.process(f"{laptop.name}-{len(self.operators)}")
        operator = Operator(process)
        self.operators.append(operator)
        operator.task = self.clock.begin(process, lambda: self._operate(operator, laptop, wanted), delay)
        return operator

    def _operate(self, operator: Operator, laptop: Laptop, wanted: Wanted) -> None:
        self.note(f"{operator.process.name}: {wanted}")
        book = Book(self.clock, laptop, self._heard, self.read)
        fleet = Fleet(
            self.described,
            self.network.reach(laptop.name),
            app="shop",
            environment="production",
            shared=Shared(),
            prepare=("build",),
            package=self._package,
            secrets=Secrets({}),
            tell=lambda event: command.tell(event),
            pace=pace(self.clock, lambda: laptop.skew),
        )
        checks = Checks(self.clock, self.truth, self.hosts, fleet, self.views)
        command = Command(
            operator, self.clock, book, fleet, checks=checks, policy=self.policy, rollout=self.rollout
        )
        command.is_dead = lambda name: self._is_dead(laptop, name)  # type: ignore[method-assign]
        try:
            command.do(wanted)
        except RollbackError as error:
            operator.ended = f"{type(error).__name__}: {error}"
        except KeyboardInterrupt:
            operator.ended = "interrupted"
        self.note(f"{operator.process.name}: ended: {operator.ended}")
        self.clock.die()

    def _is_dead(self, laptop: Laptop, name: str) -> bool:
        return any(one.process.name == name and one.process.dead for one in self.operators) and name.startswith(laptop.name)

    def _package(self, release: Release) -> Made:
        if not self.git:
            raise SourceError("git is away")
        return Made(release, _HERE, "0" * 64, _HERE, 1, 1)

    def _heard(self, operation: str, fact: Fact) -> None:
        self.note(f"{operation[-4:]} records {fact}")
        if isinstance(fact, Started):
            self.started[operation] = fact
        if isinstance(fact, Ended):
            for host, live in fact.live:
                at = self.hosts[host]
                if at.lease and at.lease.operation == operation:
                    assert at.live == live, f"{operation} ended and said that {live} is live on {host}, but {at.live} is"

    # Hosts

    def _host(self, name: str) -> SimHost:
        host = SimHost(name, self.clock, self.weather, self.truth.shell, self._needed)
        made = {one.id: (one.tag, one.commit, one.tree) for one in (V0, V1)}
        host.complete, host.live, host.previous = made, V1.id, V0.id
        host.journals = {record.operation: b"" for record in BEFORE}
        for record in BEFORE:
            host.journals[record.operation] += codec.to_line(codec.entry(record))
        return host

    def _needed(self, operation: str) -> frozenset[str]:
        start = self.started.get(operation)
        return frozenset(one.id for one in (start.target, start.fallback) if one) if start else frozenset()

    # What befalls them

    def _disaster(self) -> Callable[[], None]:
        rng = self.rng
        host, laptop = rng.choice(list(self.hosts.values())), rng.choice(self.laptops)
        seconds = rng.choice((rng.uniform(1, 30), rng.uniform(30, 500)))

        def kill() -> None:
            running = [one for one in self.operators if not one.process.dead]
            if running:
                victim = rng.choice(running)
                self.note(f"{victim.process.name}: killed")
                self.clock.kill(victim.process)

        def interrupt() -> None:
            running = [one for one in self.operators if not (one.process.dead or one.shields or one.interrupted)]
            if running:
                victim = rng.choice(running)
                victim.interrupted = True
                assert victim.task is not None
                self.note(f"{victim.process.name}: is interrupted")
                self.clock.interrupt(victim.task, KeyboardInterrupt())

        def reboot() -> None:
            self.note(f"{host.name}: loses power for {seconds:.0f} s")
            host.lose_power(seconds)

        def cut() -> None:
            self.note(f"{laptop.name} does not reach {host.name} for {seconds:.0f} s")
            self.network.cut[laptop.name, host.name] = self.clock.now + seconds

        def sleep() -> None:
            self.note(f"{laptop.name} sleeps for {seconds:.0f} s")
            for one in self.operators:
                if one.process.name.startswith(laptop.name):
                    one.process.asleep = self.clock.now + seconds

        def step() -> None:
            laptop.skew += rng.uniform(-7200, 7200)
            self.note(f"{laptop.name}'s clock is wrong by {laptop.skew:.0f} s")

        def fill() -> None:
            host.tight, host.stuffed = True, rng.random() < 0.3
            self.note(f"{host.name}: its disk is full, {host.stuffed}")
            self.clock.sleep(seconds)
            host.tight = host.stuffed = False

        def replace() -> None:
            self.note(f"{host.name}: replaced by an empty one")
            host.replace()

        return rng.choice((kill, kill, kill, interrupt, reboot, cut, sleep, step, fill, replace))

    # The end

    def _final(self) -> None:
        while any(not one.process.dead for one in self.operators):
            assert self.clock.now < 20_000, f"never ends: {[one.process.name for one in self.operators if not one.process.dead]}"
            self.clock.sleep(5)
        self.note("all is healed")
        self.clock.kill(self.fate)
        self.weather.calm()
        self.network.cut.clear()
        self.git = True
        for tag, nature in self.truth.natures.items():
            if nature is Nature.SILENT:
                self.truth.natures[tag] = Nature.GOOD
        for host in self.hosts.values():
            host.down_until, host.tight, host.stuffed = min(host.down_until, self.clock.now), False, False
        while any(host.shells for host in self.hosts.values()):
            self.clock.sleep(5)
        self.last = self._start(self.rng.choice(self.laptops), Wanted(Kind.ROLLBACK, wait=2000.0), 0)

    def _in_order(self) -> None:
        nowhere = "Refused: nothing to go back to"  # fine where all is well already
        assert self.last.ended.startswith(("done", nowhere)), f"the last rollback: {self.last.ended}"
        live = {host.live for host in self.hosts.values()}
        if live == {None}:
            return  # every machine was replaced: nothing is left to go back to
        tags = [one.tag for one in (V0, V1, *LATER) if one.id in live]
        assert len(live) == 1, live
        assert self.truth.of(tags[0]) is Nature.GOOD, tags
        for host in self.hosts.values():
            assert host.intent is None, (host.name, host.intent)


def _record(number: int, operation: int, fact: Fact) -> Record:
    return Record(f"{number:026d}", EPOCH, "shop", "production", f"{operation:026d}", "ada", fact)


_GOOD = Verdict(Grade.GOOD, "every required check passed")
BEFORE = tuple(
    _record(4 * number + place, 4 * number, fact)
    for number, one in enumerate((V0, V1), start=1)
    for place, fact in enumerate(
        (Started(Kind.DEPLOY, one, None, ()), Judged(one, _GOOD), Ended(Outcome.DONE, (), (), ""))
    )
)
READ = {codec.to_line(codec.entry(record)).rstrip(b"\n"): record for record in BEFORE}


def run(seed: int, count: int = 0, tracing: bool = False) -> World:
    world = World(seed, count, tracing)
    world.run()
    return world
