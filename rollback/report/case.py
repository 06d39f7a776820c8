"""What the report of an incident is made from, and what each of its parts asks of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from functools import cached_property

from rollback.core.changed import Changed
from rollback.core.explain import Answers, Explanation
from rollback.core.incident import Incident, moments
from rollback.core.lives import lives
from rollback.core.recall import recalled
from rollback.core.times import Times
from rollback.model import Observed, Record, Release
from rollback.report.chronicle import Row, chronicle
from rollback.report.clock import Clock
from rollback.report.evidence import worst


@dataclass(frozen=True)
class Case:
    """What a report is made from. records: all of the environment. changed: from the good release to the bad one, None
    when git can't tell. url: where people use the app. zone: the team's."""

    app: str
    environment: str
    incident: Incident
    records: tuple[Record, ...]
    changed: Changed | None = None
    url: str | None = None
    zone: tzinfo = UTC

    @cached_property
    def took(self) -> Times:
        return moments(self.incident, self.records)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        return chronicle(self.incident, self.took, self.records)

    @cached_property
    def clock(self) -> Clock:
        """Of all that is told."""
        every = [self.incident.began, *(row.at for row in self.rows)]
        return Clock(min(every), max(every), self.zone)

    @cached_property
    def before(self) -> Release | None:
        """What was known good when it happened: what is back, or would be."""
        why = next((one for one in self.explained if one.fallback is not None), None)
        return self.incident.good or (why.fallback if why else None)

    @cached_property
    def explained(self) -> tuple[Explanation, ...]:
        """Each of its operations that judged something and ended."""
        each = (recalled(one, self.records) for one in self.incident.operations)
        return tuple(one for one in each if one is not None)

    @cached_property
    def failed(self) -> list[Answers]:
        """What spoke against the bad release, what counts most first, with what it was before the deploy."""
        before = {question: one for why in reversed(self.explained) for question, one in why.before.items()}
        return worst((one for fact in self.asked for one in fact.findings), before)

    @cached_property
    def asked(self) -> tuple[Observed, ...]:
        """What was found of the bad release; where that is not known, of what was live."""
        facts = (one.fact for one in self.incident.records if isinstance(one.fact, Observed))
        return tuple(one for one in facts if (one.step.release if one.step else None) == self.incident.bad)

    @cached_property
    def touched(self) -> Mapping[str, timedelta]:
        """The hosts that the bad release was on while it lasted, and how long each had it."""
        one = self.incident
        end = one.over or max(record.at for record in one.records)
        found = {}
        for host, mine in sorted(lives(self.records, one.bad).items()):
            there = [life for life in mine if life.release == one.bad and one.began <= (life.until or end)]
            if one.bad and there and there[0].since <= end:
                found[host] = min(there[-1].until or end, end) - there[0].since
        return found
