"""What is so, whatever anybody found out about it: what releases are worth, and what checks would say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rollback.hosts.fleet import Fleet
from rollback.model import Finding, Release, Result, View
from tests.build import release
from tests.simulation.clockwork import Clockwork
from tests.simulation.host import SimHost
from tests.simulation.pace import EPOCH

V0, V1 = release("v0", "0" * 40), release("v1", "1" * 40)
OLD = release("old", "f" * 40)  # nobody needs it
LATER = tuple(release(f"v{number}", str(number) * 40) for number in range(2, 6))
RELEASES = {one.id: one for one in (V0, V1, *LATER)}


class Nature(StrEnum):
    GOOD = "good"
    BAD = "bad"
    SILENT = "silent"  # it can't be measured
    LAME = "lame"  # its restart fails


@dataclass(slots=True)
class Truth:
    """natures: of releases, by tag; the others are good. audible: what was silent can be measured now, and is good."""

    natures: dict[str, Nature] = field(default_factory=dict)
    audible: bool = False

    def of(self, tag: str) -> Nature:
        nature = self.natures.get(tag, Nature.GOOD)
        return Nature.GOOD if self.audible and nature is Nature.SILENT else nature

    def shell(self, text: str, environment: Mapping[str, str]) -> tuple[int, str]:
        lame = text == "restart" and self.of(environment["ROLLBACK_TAG"]) is Nature.LAME
        return (1, "it does not start") if lame else (0, "")


@dataclass(slots=True)
class Checks:
    """What runs on each host, as the hosts say; and whether it works, as one sees from outside."""

    clock: Clockwork
    truth: Truth
    hosts: Mapping[str, SimHost]
    fleet: Fleet
    views: frozenset[View]

    def has(self, view: View) -> bool:
        return view in self.views

    def before(self, release: Release, hosts: tuple[str, ...], compared: Mapping[str, Release]) -> None:
        pass

    def gate(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: tuple[str, ...],
        view: View,
        excused: frozenset[str],  # noqa: ARG002
    ) -> tuple[Finding, ...]:
        assert set(previous) == set(hosts)
        self.clock.sleep(self.clock.rng.uniform(0, 5))
        if view is View.URL:
            return (self._found("url", self._worth(hosts[0]), None),)
        running = tuple(self.fleet.running(host, release) for host in hosts)
        return running + tuple(self._found("login", self._worth(host), host) for host in hosts)

    def watch(
        self,
        release: Release,  # noqa: ARG002
        previous: Mapping[str, Release | None],
        hosts: tuple[str, ...],
        excused: frozenset[str],  # noqa: ARG002
        seconds: float,
        over: Callable[[], bool],
    ) -> tuple[Finding, ...]:
        """Once at its beginning and once at its end."""
        assert set(previous) == set(hosts)
        found, until = self.once(dict.fromkeys(hosts)), self.clock.now + seconds
        while self.clock.now < until and not over():
            self.clock.sleep(5)
        return found + self.once(dict.fromkeys(hosts))

    def once(self, live: Mapping[str, Release | None]) -> tuple[Finding, ...]:
        self.clock.sleep(self.clock.rng.uniform(0, 5))
        return tuple(self._found("login", self._worth(host), host) for host in live)

    def _worth(self, host: str) -> Result:
        live = RELEASES.get(self.hosts[host].live or "")
        if live is None or not self.hosts[host].up:
            return Result.ERROR
        natures = {Nature.BAD: Result.FAIL, Nature.LAME: Result.FAIL, Nature.SILENT: Result.ERROR}
        return natures.get(self.truth.of(live.tag), Result.PASS)

    def _found(self, check: str, result: Result, host: str | None) -> Finding:
        return Finding(check, result, EPOCH, host, observed=str(result))
