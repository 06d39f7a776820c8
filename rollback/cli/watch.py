"""The long watch of an environment: asks what is live again and again, tells when that changes from good to bad or
back, and rolls back by itself so long after a deploy as the playbook says.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from rollback.cli.change import change
from rollback.cli.keep import noted
from rollback.cli.options import Options
from rollback.cli.outlet import console
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.wanted import Terms, rollback_plan
from rollback.core.status import common_live
from rollback.core.vigil import Vigil, last_said, may_roll_back
from rollback.errors import RollbackError, UsageError
from rollback.events import Noticed
from rollback.model import Grade, Outcome, Release, Sighting, Verdict, Watched
from rollback.report import words
from rollback.report.progress import Lines

if TYPE_CHECKING:
    from rollback.cli.metrics import Metrics
    from rollback.playbook.settings import Watch

_CODES = {Grade.GOOD: Outcome.DONE, Grade.BAD: Outcome.LEFT, Grade.UNKNOWN: Outcome.HELD}


def watch(options: Options, metrics: str, lasting: float) -> Reply:
    """metrics: an address for Prometheus, or "". lasting: seconds; 0: until it is ended."""
    with Session(options) as session:
        session.progress = Lines(console(options, stderr=True), verbose=bool(options.verbose))
        session.require_usable()
        settings = session.environment.verify.watch
        if settings is None:
            raise UsageError(
                f"environments.{session.environment.name} has no verify.watch: how often to ask, how long limits count"
            )
        watching = _Watching(session, settings, _served(metrics, session.environment.name))
        session.say(f"watching {session.environment.name}: every {words.seconds(settings.interval)}")
        until = time.monotonic() + lasting
        while True:
            begun = time.monotonic()
            watching.look()
            if lasting and begun + settings.interval > until:
                return watching.reply()
            time.sleep(max(0.0, begun + settings.interval - time.monotonic()))


def _served(address: str, environment: str) -> Metrics | None:
    from rollback.cli.metrics import served

    return served(address, environment) if address else None


@dataclass(slots=True)
class _Watching:
    session: Session
    settings: Watch
    metrics: Metrics | None
    vigil: Vigil = field(default_factory=Vigil)
    said: Watched | None = None
    rolled: list[Reply] = field(default_factory=list)
    kept: Release | None = None  # which can't be rolled back: that is said once

    def look(self) -> None:
        """One round. While somebody's operation is under way nothing is asked: hosts restart then."""
        sightings = self.session.sight()
        self.said = self.said or last_said(self.session.records())
        if any(s.lease is not None and s.lease.left > 0 for s in sightings):
            return
        live = {s.host: release for s in sightings for release in s.releases if release.id == s.live}
        found = self.session.checks.sample(live) if live else ()
        since = datetime.now(UTC) - timedelta(seconds=self.settings.duration)
        self.vigil = self.vigil.seeing(common_live(sightings), found, since)
        verdict = self.vigil.verdict(self.session.policy.limits)
        if self.metrics:
            self.metrics.show(verdict, found, live)
        self._say(verdict, sightings)
        if verdict.grade is Grade.BAD and self._rolled_back():
            self.look()  # it is another release now

    def _say(self, verdict: Verdict, sightings: Sequence[Sighting]) -> None:
        """Once for each change."""
        now = Watched(self.vigil.release, verdict.grade, verdict.rule)
        before, self.said = self.said, now
        if before is not None and (before.release, before.grade) == (now.release, now.grade):
            return
        release = words.named(now.release) if now.release else "the hosts differ:"
        self.session.tell(Noticed(f"{release} is {now.grade}: {now.reason}"))
        noted(self.session, sightings, now)

    def _rolled_back(self) -> bool:
        within, automatic = self.settings.rollback_within, self.session.policy.auto_rollback == "on"
        records, live = self.session.records(), self.vigil.release
        if not automatic or live == self.kept or not may_roll_back(records, live, datetime.now(UTC), within):
            return False
        self.session.tell(Noticed(f"rolling back: it was deployed less than {words.seconds(within)} ago"))
        plan = partial(rollback_plan, self.session, None, Terms())
        try:
            reply = change(self.session, plan, Terms(), agreed=True).reply
        except RollbackError as error:
            self.session.tell(Noticed(f"the rollback was refused: {error}"))
            self.kept = live
            return False
        self.rolled.append(reply)
        self.session.say(*reply.shown)
        return True

    def reply(self) -> Reply:
        grade = self.said.grade if self.said else Grade.UNKNOWN
        reason = self.said.reason if self.said else "an operation is under way"
        said = f"{self.session.environment.name} is {grade}: {reason}"
        data = {"grade": grade, "release": self.vigil.release, "rolled_back": [one.data for one in self.rolled]}
        return Reply(data, (said,), _CODES[grade].exit_code, said, "rollback status")
