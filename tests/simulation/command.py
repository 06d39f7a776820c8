"""One command of an operator: the procedures of rollback.cli.change over a simulated machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

from rollback.cli import drill
from rollback.cli.entries import Entries
from rollback.cli.options import Options
from rollback.cli.session import Session
from rollback.cli.wanted import Terms, deploy_plan, first_plan, only_settled, resume_plan, rollback_plan
from rollback.events import Event, Noticed
from rollback.hosts.fleet import Fleet
from rollback.model import Ending, Kind, Outcome, Plan, Release
from rollback.operation.claim import Claim, Patience, take
from rollback.operation.conduct import Asked, Planned, conduct
from rollback.operation.ports import Ports
from tests.simulation.clockwork import Clockwork, Process, Task
from tests.simulation.laptop import Book, Laptop


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operator does. release: to deploy, or to go back to (None: the last known good). away: hosts that a
    deploy may go out without. steal: operations that the lease may be taken from. wait: seconds for the lease."""

    kind: Kind
    release: Release | None = None
    away: int = 0
    steal: tuple[str, ...] = ()
    wait: float = 0.0


@dataclass(slots=True)
class Operator:
    """A person's command as a process. fenced: it was told that its lease was taken away; unknowing: the tasks that had
    begun before that. ended: how, in words."""

    process: Process
    laptop: Laptop
    task: Task | None = None
    operations: list[str] = field(default_factory=list)
    shields: int = 0
    interrupted: bool = False
    fenced: bool = False
    unknowing: frozenset[Task] = frozenset()
    ended: str = ""
    plan: Plan | None = None

    @contextmanager
    def shield(self) -> Iterator[None]:
        self.shields += 1
        try:
            yield
        finally:
            self.shields -= 1


class Command(Session):
    """The rooms of a real session. others: all operators there are. note: hears what it is told."""

    note: Callable[[str], None]

    def __init__(
        self, operator: Operator, clock: Clockwork, book: Book, fleet: Fleet, others: list[Operator], **rooms: Any
    ) -> None:
        super().__init__(Options(yes=True))
        who = (operator.process.name, (("machine", book.laptop.name),))
        self.__dict__.update(playbook=SimpleNamespace(migrations=None), fleet=fleet, ledger=book, author=who, **rooms)
        self.operator, self.clock, self.book, self.others = operator, clock, book, others

    def do(self, wanted: Wanted) -> None:
        with self:
            plans = {
                Kind.DEPLOY: self._deploy,
                Kind.ROLLBACK: self._rollback,
                Kind.RESUME: self._resume,
                Kind.DRILL: self._drill,
            }
            plans[wanted.kind](wanted)

    def _deploy(self, wanted: Wanted) -> None:
        release, terms = wanted.release, Terms(away=wanted.away)
        assert release is not None
        done, ending = self._under_lease(partial(first_plan, self, release, terms), wanted)
        if only_settled(done, ending.outcome, release):
            self._under_lease(partial(deploy_plan, self, release, terms), wanted)

    def _rollback(self, wanted: Wanted) -> None:
        self._under_lease(partial(rollback_plan, self, wanted.release, Terms()), wanted)

    def _resume(self, wanted: Wanted) -> None:
        self._under_lease(partial(resume_plan, self, Terms()), wanted)

    def _drill(self, wanted: Wanted) -> None:
        _, ending = self._under_lease(lambda seen: drill._way_there(self, seen), wanted)
        if ending.outcome is Outcome.DONE:
            self._under_lease(lambda seen: drill._way_back(self, seen), wanted)

    def _under_lease(self, plan: Planned, wanted: Wanted) -> tuple[Plan, Ending]:
        operation, (author, origin) = self.book.ids.next(), self.author
        self.operator.fenced = False
        self.operator.operations.append(operation)
        claim = Claim(operation, self.holder, self.operator.process.name, self._is_dead, wanted.steal, wanted.wait)
        patience = Patience(lambda: self.clock.now, lambda seconds: self.clock.sleep(8 * seconds), self.tell)
        sightings = take(claim, self.fleet, patience)  # eight times as patient: trying again shows nothing new
        self.learn(sightings)
        asked = Asked(plan, None, self._show, origin, self.known().standings)
        entries, releases = Entries(self.ledger, operation, author), self.releases(sightings)
        ports = Ports(self.fleet, self.checks, entries, self.tell, self.ask, self.operator.shield, releases)
        done, ending = conduct(asked, sightings, self.policy, ports)
        self.operator.ended = f"{ending.outcome}: {ending.reason}"
        return done, ending

    def _is_dead(self, process: str) -> bool:
        """Of a process on this laptop; of another's nothing is known."""
        mine = (one for one in self.others if one.laptop is self.operator.laptop)
        return any(one.process.dead for one in mine if one.process.name == process)

    def _show(self, plan: Plan) -> None:
        self.operator.plan = plan

    def tell(self, event: Event) -> None:
        self.clock.live_on()
        if isinstance(event, Noticed):
            self.note(f"{self.operator.process.name} is told: {event.text}")
            if "was taken away" in event.text:
                self.operator.fenced, self.operator.unknowing = True, frozenset(self.operator.process.tasks)

    def ask(self, question: str) -> bool:  # noqa: ARG002
        return self.clock.rng.random() < 0.5

    def __exit__(self, *_: object) -> None:
        self.fleet.close()
