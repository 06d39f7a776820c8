"""A Source that is told in a test, and histories to tell it: what a ledger would hold after so many operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from rollback.core.deployments import deployments
from rollback.core.metrics import LeadTimes, Metrics, metrics
from rollback.dashboard.source import Seen
from rollback.model import (
    Ended,
    Fact,
    Finding,
    Grade,
    Intended,
    Judged,
    Kind,
    Observed,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Started,
    Step,
    Verdict,
)
from tests.build import EPOCH, release

HOSTS = ("web1", "web2")


@dataclass
class Told:
    """Its pulse is how many records and looks there are."""

    records: list[Record] = field(default_factory=list)
    name: str = "production"
    url: str | None = "https://shop.example.com"
    waves: int = 1
    look: Seen | None = None
    reads: int = 0
    lead_times: LeadTimes = field(default_factory=lambda: LeadTimes({}))

    def now(self) -> Sequence[Record]:
        self.reads += 1
        return self.records

    def newest(self, count: int, before: str = "") -> Sequence[Record]:
        names = {one.operation for one in self.records if not before or one.operation < before}
        wanted = set(sorted(names)[-count:])
        return [one for one in self.records if one.operation in wanted]

    def operation(self, start: str) -> Sequence[Record]:
        names = {one.operation for one in self.records if one.operation.startswith(start)}
        return [one for one in self.records if one.operation in names] if len(names) == 1 else ()

    def around(self, mine: Sequence[Record]) -> Sequence[Record]:  # noqa: ARG002
        return self.records

    def delivery(self) -> Metrics:
        """Of all records, however old."""
        made, ways = deployments(self.records)
        until = max((one.at for one in self.records), default=EPOCH)
        since = min((one.at for one in self.records), default=EPOCH) - timedelta(days=1)
        return metrics(made, ways, self.lead_times, since, until, (self.name,), "week")

    def seen(self) -> Seen | None:
        return self.look

    def pulse(self) -> object:
        return len(self.records), self.look


@dataclass
class Teller:
    """Writes operations down, one after the other, in one environment."""

    environment: str = "production"
    at: datetime = EPOCH
    hosts: tuple[str, ...] = HOSTS
    live: Release | None = None
    author: str = "ada"
    _ids: Iterator[int] = field(default_factory=count)

    def operation(self, *facts: Fact, apart: float = 1.0) -> list[Record]:
        """apart: seconds between two facts."""
        name = self._id()
        return [self._record(name, fact, apart) for fact in facts]

    def deploy(self, of: Release, grade: Grade = Grade.GOOD, *, ends: bool = True) -> list[Record]:
        """Good: it stays. Bad: it is rolled back. ends: False for one that is still under way."""
        facts = [Started(Kind.DEPLOY, of, self.live, self.hosts), *self._way(of, grade, ends)]
        if not ends:
            return self.operation(*facts)
        facts.append(Judged(of, Verdict(grade, "login: 2 failures > limit 0" if grade is Grade.BAD else "all passed")))
        if grade is Grade.BAD and self.live is not None:
            facts += self._way(self.live, Grade.GOOD, ends=True, phases=(Phase.ACTIVATE, Phase.VERIFY))
        self.live = of if grade is Grade.GOOD else self.live
        outcome = Outcome.DONE if grade is Grade.GOOD else Outcome.ROLLED_BACK
        live = self.live.id if self.live else None
        facts.append(Ended(outcome, tuple((host, live) for host in self.hosts), reason=""))
        return self.operation(*facts)

    def _way(
        self, of: Release, grade: Grade, ends: bool, phases: Iterable[Phase] = tuple(Phase)[:2] + tuple(Phase)[3:5]
    ) -> list[Fact]:
        facts: list[Fact] = []
        for phase in phases:
            step = Step(phase, of, self.hosts)
            facts.append(Intended(step))
            if phase is Phase.VERIFY and not ends:
                break
            facts.append(Observed(step, tuple(self._finding(phase, grade, host) for host in self.hosts)))
        return facts

    def _finding(self, phase: Phase, grade: Grade, host: str) -> Finding:
        if phase is not Phase.VERIFY:
            return Finding(phase, Result.PASS, self.at, host, observed=f"{phase}d", took=0.4)
        if grade is Grade.BAD:
            said = "POST /login answered 500"
            trace = "Traceback (most recent call last):\nKeyError: 'city'"
            return Finding("login", Result.FAIL, self.at, host, "no_profile", said, "302", trace)
        return Finding("login", Result.PASS, self.at, host, "complete", "3 requests answered as expected")

    def _record(self, operation: str, fact: Fact, apart: float) -> Record:
        self.at += timedelta(seconds=apart)
        return Record(self._id(), self.at, "shop", self.environment, operation, self.author, fact)

    def _id(self) -> str:
        """26 characters, in order; ULIDs but for their time."""
        return f"01M8{next(self._ids):022}"


def months(operations: int, environment: str = "production", every: timedelta = timedelta(hours=5)) -> list[Record]:
    """Deploys of ever newer releases; each seventh is bad."""
    teller, records = Teller(environment), list[Record]()
    for number in range(operations):
        grade = Grade.BAD if number % 7 == 6 else Grade.GOOD
        teller.author = ("ada", "grace", "ci")[number % 3]
        records += teller.deploy(release(f"v1.{number}.0", f"{number:012x}{0:028}"), grade)
        teller.at += every
    return records
