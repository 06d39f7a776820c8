"""An app as its users and its measurements see it: what is wrong with a release, and with the world around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from rollback.checks import http, load, logs
from rollback.checks.burst import Burst
from rollback.checks.expect import Response
from rollback.checks.question import NoAnswer, Question, Said, nobody
from rollback.checks.tail import Tail
from rollback.errors import Unreachable
from rollback.model import Release, Result
from tests.build import V3

_TYPICAL, _SPREAD = 0.05, 0.3  # seconds of an answer: the median, and the sigma of its logarithm
_NOISE = 0.002  # of all requests fail, whatever is live
_TRAFFIC = 30  # requests of users in a second, on each host


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the new release. users: share of them that it fails. requests: share of them that fails.
    slow: times as long. host: only there. after: seconds of running well. fragile: a burst kills it. dead: at once."""

    users: float = 0.0
    requests: float = 0.0
    slow: float = 1.0
    host: str | None = None
    after: float = 0.0
    fragile: bool = False
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong besides. search, network: share of questions that fail, that get lost. red: paying fails, and did
    before. From the first switch on: cut (hosts let nobody ask), balancer, prometheus (away), dependency (of login)."""

    search: float = 0.0
    network: float = 0.0
    red: bool = False
    cut: bool = False
    balancer: bool = False
    prometheus: bool = False
    dependency: bool = False


@dataclass(slots=True)
class App:
    """live: what runs on a host. switched: since when, by the clock; a host that was never switched is not in it."""

    rng: Random
    fault: Fault
    trouble: Trouble
    clock: Callable[[], float]
    live: Callable[[str], Release | None]
    switched: dict[str, float] = field(default_factory=dict)
    killed: set[str] = field(default_factory=set)
    afflicted: dict[str, bool] = field(default_factory=dict)  # test users whom the new release fails

    def http(self, question: Question) -> Said:
        host, path = (
            self._answering(self._reached(question)),
            question.fill((question.check.http and question.check.http.path) or "/"),
        )
        response = self._response(host, path)
        http.judged(question, f"GET {path}", question.check.expect, response)
        return Said(Result.PASS, f"GET {path} answered {response.status}")

    def logs(self, question: Question) -> Said:
        host = self._reached(question)
        assert question.check.logs is not None
        seconds = self.clock() - self.switched.get(host, self.clock())
        total = 0 if self._is_dead(host) else round(_TRAFFIC * seconds)
        errors = self._some(total, self._failing(host))
        return logs.judged(question, question.check.logs, Tail(count=errors, total=total))

    def load(self, question: Question) -> Said:
        return load.judged(question, self.burst(self._answering(self._reached(question)), 100))

    def prometheus(self, question: Question) -> Said:  # noqa: ARG002
        if self.trouble.prometheus and self.switched:
            raise NoAnswer(Said(Result.ERROR, "connection refused", "an answer of Prometheus", settled=False))
        rates = [self._failing(host) for host in ("web1", "web2", "web3")]
        rate = self._some(3000, sum(rates) / 3) / 3000
        return Said(Result.FAIL if rate > 0.02 else Result.PASS, f"{rate:.3f}", "at most 0.02")

    def burst(self, host: str, requests: int) -> Burst:
        errors = self._some(requests, self._failing(host))
        if self._wrong(host) and self.fault.fragile:
            self.killed.add(host)
            errors = requests // 2
        took = sorted(self._took(host) for _ in range(requests - errors))
        return Burst(tuple(took), Counter({"500": errors} if errors else {}), requests)

    # How it is

    def _reached(self, question: Question) -> str:
        """The host that is asked. Raises: NoAnswer, HostError."""
        host = question.host.name if question.host else self.rng.choice(("web1", "web2", "web3"))
        if question.host and ((self.trouble.cut and self.switched) or self.rng.random() < self.trouble.network):
            raise Unreachable(f"{host} does not answer")
        if not question.host and self.trouble.balancer and self.switched:
            raise nobody("connection refused")
        return host

    def _answering(self, host: str) -> str:
        """If its app does. Raises: NoAnswer."""
        if self._is_dead(host):
            raise nobody("connection refused")
        return host

    def _is_dead(self, host: str) -> bool:
        return self._wrong(host) and (self.fault.dead or host in self.killed)

    def _response(self, host: str, path: str) -> Response:
        live, took = self.live(host), self._took(host)
        status = 500 if self._fails(host, path) else 200
        return Response(status, (("X-Release", live.tag if live else ""),), took=took)

    def _fails(self, host: str, path: str) -> bool:
        away = self.trouble.dependency and self.switched
        if path.startswith("/login") and (away or self._is_afflicted(host, path)):
            return True
        asked_for = {"/pay": float(self.trouble.red), "/search": self.trouble.search}.get(path, 0.0)
        return self.rng.random() < max(asked_for, self.fault.requests if self._wrong(host) else 0.0)

    def _is_afflicted(self, host: str, user: str) -> bool:
        found = self.afflicted.setdefault(user, self.rng.random() < self.fault.users)
        return found and self._wrong(host)

    def _wrong(self, host: str) -> bool:
        """Is it the new release, where and when its fault shows?"""
        there = self.fault.host in {None, host} and self.live(host) == V3
        return there and self.clock() - self.switched.get(host, self.clock()) >= self.fault.after

    def _failing(self, host: str) -> float:
        """The share of its users' requests that fails."""
        wrong = max(self.fault.users, self.fault.requests) if self._wrong(host) else 0.0
        return min(1.0, _NOISE + wrong)

    def _took(self, host: str) -> float:
        return _TYPICAL * self.rng.lognormvariate(0, _SPREAD) * (self.fault.slow if self._wrong(host) else 1.0)

    def _some(self, number: int, share: float) -> int:
        """How many of so many, by chance: binomial; Poisson or normal, as it is with many."""
        mean = number * share
        if number <= 100:
            return sum(self.rng.random() < share for _ in range(number))
        if mean > 20:
            return min(number, round(self.rng.gauss(mean, (mean * (1 - share)) ** 0.5)))
        events, moment = 0, self.rng.expovariate(1)
        while moment < mean:
            events, moment = events + 1, moment + self.rng.expovariate(1)
        return events
