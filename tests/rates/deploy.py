"""One simulated deploy of v3 over v1: real plan, operation, gate, watch and judge; what the app answers is drawn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeVar

from rollback.checks.ask import ask
from rollback.checks.logs import End
from rollback.checks.question import Question, Said
from rollback.checks.suite import Checks
from rollback.core import plan as planning
from rollback.core.history import standings
from rollback.core.plan import Known
from rollback.core.rollout import Rollout
from rollback.errors import RedBeforeDeploy
from rollback.model import Finding, Grade, Outcome, Plan, Release, Sighting
from rollback.operation.conduct import Asked, conduct
from rollback.operation.ports import Policy, Ports
from rollback.playbook.load import parse
from rollback.playbook.schema import Playbook
from rollback.playbook.secrets import Secrets
from tests.build import V1, V2, V3, judged, record
from tests.checks.world import Clock, Hosts
from tests.operation.world import RELEASES, World
from tests.rates.app import App, Fault, Trouble

Place = TypeVar("Place")
Answer = TypeVar("Answer")
PAST = (judged(1, V2), judged(2, V1))
SENSIBLE = Path(__file__).with_name("shop.yml").read_text()


@dataclass(frozen=True, slots=True)
class Decided:
    """outcome: as the operation ended. condemned: nobody may deploy this release again. took: simulated seconds."""

    outcome: Outcome
    condemned: bool
    took: float


def deploy(seed: str, fault: Fault, trouble: Trouble, text: str = SENSIBLE) -> Decided:
    """Raises nothing: what is red before is deployed all the same."""
    playbook = _playbook(text)
    environment = playbook.environment(None)
    clock, world = Clock(), Hosts3({host.name: V1 for host in environment.hosts})
    world.app = App(Random(seed), fault, trouble, clock, world.live.get)
    checks = _Checks(playbook, world.app, clock)
    verify = environment.verify
    limits = {check.name: check.limits for check in playbook.checks}
    policy = Policy(verify.auto_rollback, verify.on_inconclusive, verify.preflight, 5, limits)
    ports = Ports(world, checks, world, world.events.append, lambda _: False, world.shield, RELEASES)
    watch = verify.watch.duration if verify.watch else 0.0
    try:
        _, ending = conduct(_asked(watch), world.sight(), policy, ports)
    except RedBeforeDeploy:
        _, ending = conduct(replace(_asked(watch), force=True), world.sight(), policy, ports)
    known = standings(record(3 + place, fact, "OP9") for place, fact in enumerate(world.facts))
    condemned = V3.commit in known and known[V3.commit].grade is Grade.BAD
    return Decided(ending.outcome, condemned, clock() - 1000)


class Hosts3(World):
    """Hosts that tell the app when they are switched."""

    app: App

    def _do(self, phase: str, release: Release, host: str) -> Finding:
        found = super()._do(phase, release, host)
        if phase == "activate":
            self.app.switched[host] = self.app.clock()
            self.app.killed.discard(host)
        return found


class _Checks(Checks):
    """The playbook's checks, in simulated time: one after the other, and answered by the app."""

    def __init__(self, playbook: Playbook, app: App, clock: Clock) -> None:
        nowhere = Hosts()
        self._app, self._bursts = app, dict[str, object]()
        super().__init__(
            playbook,
            playbook.environment(None),
            dial=nowhere.dial,
            command=nowhere.command,
            running=nowhere.running,
            secrets=Secrets({}),
            tell=lambda _: None,
            clock=clock,
            sleep=clock.sleep,
            ask=self._answered,
            crowd=_in_turn,
        )

    def before(self, release: Release, hosts: tuple[str, ...], compared: Mapping[str, Release]) -> None:  # noqa: ARG002
        self._bursts |= {host: self._app.burst(host, 100) for host in compared}

    def _answered(self, question: Question) -> Said:
        app, host = self._app, question.host.name if question.host else ""
        seen = End() if question.check.logs and host in app.switched else self._bursts.get(host)
        kinds = {"http": app.http, "logs": app.logs, "load": app.load, "prometheus": app.prometheus}
        return ask(replace(question, before=seen), kinds)


def _in_turn(
    work: Callable[[Place, threading.Event], Answer],
    places: Sequence[Place],
    width: int = 0,  # noqa: ARG001
) -> tuple[Answer, ...]:
    return tuple(work(place, threading.Event()) for place in places)


def _asked(watch: float) -> Asked:
    known = Known(standings(PAST), {})

    def plan(seen: Sequence[Sighting]) -> Plan:
        return planning.deploy(V3, seen, known, Rollout(1, 2, watch=watch))

    return Asked(plan, None, lambda _: None, (), known.standings)


@cache
def _playbook(text: str) -> Playbook:
    return parse(text.encode(), Path("/nowhere/shop.yml"), "shop.yml")
