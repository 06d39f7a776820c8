"""A host that runs the agent as tasks: it can be killed at every failpoint, it loses power, its disk fills up.

It is the fake host of all tests, with a witness beside it: what must never happen on one host is noticed as it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rollback.hosts.protocol import Answer, Request
from tests.fakes import FakeHost, Shell
from tests.simulation.clockwork import Clockwork, Killed, Process
from tests.simulation.weather import Weather

# Where the agent does not hold its mutex: others come between, and what it waits for takes its time.
UNLOCKED = {"revert:fenced", "drained", "restarted", "prepare:ran", "seal", "stage:archive", "stage:unpacked"}
_REFUSED = {"fenced", "expired", "busy", "full"}
_TOLD = {"operation", "token", "number", "release", "steal", "id"}
Reply = Callable[[Answer | None], None]


class SimHost(FakeHost):
    """needed: the releases that an operation must not delete, by its id."""

    def __init__(
        self, name: str, clockwork: Clockwork, weather: Weather, shell: Shell, needed: Callable[[str], frozenset[str]]
    ) -> None:
        self._live: str | None = None
        self._serving: Request | None = None
        self.name, self.clockwork, self.weather, self.needed = name, clockwork, weather, needed
        self.booted = -float(clockwork.rng.randrange(100, 10**6))
        self.down_until, self.highest = 0.0, 0
        self.shells: dict[Process, None] = {}
        self.working: Process | None = None
        self.built: set[str] = set()  # releases whose commands ran here
        self.done: set[tuple[str, int]] = set()  # turns that were answered, by operation
        self.tight = self.stuffed = False  # no room for an upload; not even for a line
        super().__init__(shell=lambda *words: self._ran(shell, *words), clock=self._uptime, passing=self._pass)

    @property
    def up(self) -> bool:
        return self.clockwork.now >= self.down_until

    def serve(self, request: Request, reply: Reply) -> None:
        """Carries it out in a shell of its own, whoever still waits for it. reply: None when the shell was killed."""
        if not self.up:
            return

        def run() -> None:
            answer = None
            try:
                answer = self._answer(request)
            finally:
                if self.up:
                    reply(answer)

        self._in_a_shell(request.verb, run)

    def _in_a_shell(self, name: str, run: Callable[[], None]) -> None:
        shell = self.clockwork.process(f"{self.name} {name}")
        self.shells[shell] = None

        def ended() -> None:
            try:
                run()
            finally:
                self.shells.pop(shell, None)

        self.clockwork.begin(shell, ended)

    # What befalls it

    def lose_power(self, seconds: float) -> None:
        """All shells die. What was written without being synced may be as it was, or gone."""
        rng, me = self.weather.rng, self.clockwork.task.process
        self.down_until = self.clockwork.now + seconds
        for shell in [one for one in self.shells if one is not me]:
            self.clockwork.kill(shell)
            self.shells.pop(shell, None)
        self.booted = self.down_until
        if self.lease:
            self.lease.until, self.lease.since = -1, 0
        if rng.random() < 0.3:
            self.last, self.answered = ("", 0, 0), None
            self.done.clear()
        if rng.random() < 0.2:
            self.lease = None
        self.working = self.watched = None
        if me in self.shells:
            raise Killed

    def replace(self) -> None:
        """Another machine of the same name, with nothing on it."""
        self.lose_power(self.weather.rng.uniform(1, 60))
        self.live = self.previous = self.lease = self.intent = None
        self.complete, self.staged, self.journals = {}, {}, {}
        self.token, self.highest, self.last, self.answered = 0, 0, ("", 0, 0), None
        self.built.clear()
        self.done.clear()

    def heal(self) -> None:
        self.down_until = min(self.down_until, self.clockwork.now)
        self.tight = self.stuffed = False

    def _pass(self, point: str) -> None:
        death = self.weather.death()
        if death == "power":
            self.lose_power(self.weather.rng.uniform(2, 90))
            raise Killed
        if death:
            self.clockwork.die()
        if point in UNLOCKED:
            self.clockwork.sleep(self.weather.work(200))

    def _ran(self, shell: Shell, text: str, environment: Mapping[str, str]) -> tuple[int, str]:
        if text == "build":
            self.built.add(environment["ROLLBACK_RELEASE"])
        return shell(text, environment)

    def _uptime(self) -> float:
        return int(self.clockwork.now - self.booted)

    # The witness

    @property
    def live(self) -> str | None:
        return self._live

    @live.setter
    def live(self, release: str | None) -> None:
        if release is not None and self._serving:
            whole = release in self.complete and release in self.built
            assert whole, self._said(self._serving, "is not complete", None)
            assert self._entitled(self._serving), self._said(self._serving, "holds no lease", None)
            assert _word(self._serving, "operation") in self.journals, self._said(self._serving, "has no journal", None)
        self._live = release

    def _entitled(self, request: Request) -> bool:
        lease = self.lease
        proof = (request.first("operation"), request.first("token"))
        return lease is not None and (lease.operation, str(lease.token)) == proof and self._uptime() < lease.until

    def _stage(self, request: Request) -> Answer:
        if (release := _word(request, "release")) not in self.complete:  # else it is left as it is
            if self.tight:
                return Answer("full")
            self.built.discard(release)
        return super()._stage(request)

    def _fetch(self, request: Request) -> Answer:
        """What is in it is nobody's business here."""
        return Answer("ok" if _word(request, "release") in self.complete else "incomplete")

    def left_alone(self) -> None:
        """Its own watcher looks to that."""

    def _watch(self) -> None:
        """Until the switch is confirmed; a verb that runs is a sign of life, too."""
        while self.watched is not None:
            self.clockwork.sleep(1 + int(_word(self.watched, "confirm")) // 10)
            if self.working is None and self.watched is not None:
                self.working, self._serving = self.clockwork.task.process, None
                try:
                    super().left_alone()
                finally:
                    self.working = None

    def _put_intent(self, intent: tuple[str, int, str, str, str]) -> None:
        super()._put_intent(intent)
        if intent[-1] == "prepared" and self._serving is not None and self._serving.first("confirm"):
            self.watched = self._serving
            self._in_a_shell("watcher", self._watch)

    def _changed(self, request: Request) -> Answer:
        patience = self.clockwork.now + int(_word(request, "cover"))
        while self.working and self._entitled(request):
            if self.clockwork.now > patience:
                return Answer("busy", "an earlier command still runs")
            self.clockwork.sleep(1)
        again = self._again(request)
        if again:
            return again
        if self.stuffed and self._entitled(request):
            return Answer("full")
        entitled, before, serving = self._entitled(request), self._state(), self._serving
        there = dict(self.complete)
        self._serving = request
        if entitled:
            self.working = self.clockwork.task.process
        try:
            answer = super()._changed(request)
            self._once(request, answer)
        finally:
            self._serving = serving
            self._kept(request, there)
            if self.working is self.clockwork.task.process:
                self.working = None
        assert entitled or (answer.status in _REFUSED and self._state() == before), self._said(
            request, "went on", answer
        )
        return answer

    def _once(self, request: Request, answer: Answer) -> None:
        """A turn is taken once, and none after a later one."""
        if answer.status not in _REFUSED:
            operation, number = _word(request, "operation"), int(_word(request, "number"))
            later = [turn for turn in self.done if turn[0] == operation and turn[1] >= number]
            assert not later, self._said(request, f"came after {later}", answer)
            self.done.add((operation, number))

    def _state(self) -> tuple[object, ...]:
        return self.live, self.previous, self.intent, len(self.complete), len(self.staged), len(self.journals)

    def _acquire(self, request: Request) -> Answer:
        if self.stuffed:
            return Answer("full")
        before = self.lease
        live = before is not None and self._uptime() < before.until
        answer = super()._acquire(request)
        lease = self.lease
        if answer.status == "ok" and lease is not None and lease is not before:
            assert lease.token > self.highest, self._said(request, "used a token again", answer)
            self.highest = lease.token
            stolen = before is not None and live and before.operation != lease.operation
            assert not stolen or request.first("steal"), self._said(request, "took a lease that somebody holds", answer)
        return answer

    def _kept(self, request: Request, there: dict[str, tuple[str, str, str]]) -> None:
        """What is complete does not change, and what is needed is not deleted."""
        needed = {self.live, self.previous, *(self.intent or ())[2:4], *self.needed(_word(request, "operation"))}
        amiss = {one for one, made in there.items() if self.complete.get(one, None if one in needed else made) != made}
        assert not amiss, self._said(request, f"changed or deleted {amiss}", None)

    def _said(self, request: Request, what: str, answer: Answer | None) -> str:
        words = " ".join(f"{key}={value}" for key, value in request.words if key in _TOLD)
        return f"{self.name} at {self.clockwork.now:.2f}: {request.verb} {words}: {what}: {answer}, {self.lease}"


def _word(request: Request, key: str) -> str:
    return request.first(key) or ""
