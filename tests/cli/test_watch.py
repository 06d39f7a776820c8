from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from rollback.cli.watch import _Watching
from rollback.model import Finding, Release, Result
from rollback.playbook.settings import Watch
from tests.build import V1, V2, finding, sighting


@dataclass
class Checks:
    """What each round finds, and what was looked at before it."""

    rounds: list[Result]
    told: list[str] = field(default_factory=list)

    def before(self, release: Release, hosts: tuple[str, ...], compared: Mapping[str, Release]) -> None:
        assert compared == {}, "a burst"
        self.told.append(f"{release.tag} {' '.join(hosts)}")

    def sample(self, live: Mapping[str, Release]) -> tuple[Finding, ...]:
        result = self.rounds.pop(0)
        self.told.append(str(result))
        return tuple(finding("log", result, host) for host in live)


def test_logs_are_read_from_its_beginning_on_from_the_last_failure_on_and_anew_with_another_release() -> None:
    passed, failed = Result.PASS, Result.FAIL
    checks = Checks([passed, passed, failed, passed, passed, passed])
    session: Any = SimpleNamespace(checks=checks, policy=SimpleNamespace(limits={}))
    watching = _Watching(session, Watch(), None)
    for live in (V1, V1, V1, V1, V1, V2):
        watching._asked((sighting("web1", live), sighting("web2", live)))
    begun = ["v1 web1 web2", "pass", "pass", "fail"]
    assert checks.told == [*begun, "v1 web1 web2", "pass", "pass", "v2 web1 web2", "pass"]
