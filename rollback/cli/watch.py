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
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.signals import Interrupted, Signals
from rollback.cli.telling import post, watched
from rollback.cli.wanted import Terms, rollback_plan
from rollback.core.judge import STAYS
from rollback.core.status import common_live, live_on
from rollback.core.vigil import Vigil, last_said, may_roll_back
from rollback.errors import LeaseHeld, Refused, RollbackError, UsageError
from rollback.events import Noticed
from rollback.model import Grade, Release, Result, Sighting, Verdict, Watched
from rollback.report import words

if TYPE_CHECKING:
    from rollback.cli.metrics import Metrics
    from rollback.playbook.settings import Watch


def watch(options: Options, metrics: str, lasting: float) -> Reply:
    """metrics: an address for Prometheus, or "". lasting: seconds; 0: until it is ended."""
    with Session(options) as session:
        session.progress = session.lines()
        session.require_usable()
        settings = session.environment.verify.watch
        if settings is None:
            missing = (
                f"environments.{session.environment.name} has no verify.watch: how often to ask, how long limits count"
            )
            raise UsageError(missing, hint="add to the playbook: verify: {watch: {duration: 5m, interval: 15s}}")
        watching = _Watching(session, settings, _served(metrics, session.environment.name))
        session.say(f"watching {session.environment.name}: every {words.seconds(settings.interval)}")
        try:
            with Signals(session.tell):
                watching.go_on(lasting)
        except Interrupted as ended:
            return watching.reply(128 + ended.signal)
        return watching.reply()


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
    failed: bool = False  # something, in the last round

    def go_on(self, lasting: float) -> None:
        """Raises: Interrupted."""
        until = time.monotonic() + lasting
        while True:
            following = time.monotonic() + self.settings.interval
            self.look()
            for said in post(self.session).failures():
                self.session.tell(Noticed(said))
            if lasting and following > until:
                return
            time.sleep(max(0.0, following - time.monotonic()))

    def look(self) -> None:
        """One round. While somebody's operation is under way nothing is asked: hosts restart then."""
        sightings = self.session.sight()
        self.said = self.said or last_said(self.session.near().every)
        if any(s.lease is not None and s.lease.left > 0 for s in sightings):
            return
        verdict = self._asked(sightings)
        self._say(verdict, sightings)
        if verdict.grade is Grade.BAD and self._rolled_back():
            self.look()  # it is another release now

    def _asked(self, sightings: Sequence[Sighting]) -> Verdict:
        live, release = live_on(sightings), common_live(sightings)
        if release is not None and (self.failed or release != self.vigil.release):
            self.session.checks.before(release, tuple(live), {})  # its logs are read from here on: no line fails twice
        found = self.session.checks.sample(live) if live else ()
        self.failed = any(one.result is Result.FAIL for one in found)
        since = datetime.now(UTC) - timedelta(seconds=self.settings.duration)
        self.vigil = self.vigil.seeing(release, found, since)
        verdict = self.vigil.verdict(self.session.policy.limits)
        if self.metrics:
            self.metrics.show(verdict, found, live)
        return verdict

    def _say(self, verdict: Verdict, sightings: Sequence[Sighting]) -> None:
        """Once for each change."""
        now = Watched(self.vigil.release, verdict.grade, verdict.rule)
        before, self.said = self.said, now
        if before is not None and (before.release, before.grade) == (now.release, now.grade):
            return
        release = words.named(now.release) if now.release else "the hosts differ:"
        self.session.tell(Noticed(f"{release} is {now.grade}: {now.reason}"))
        if not self.session.options.dry_run:
            watched(self.session, noted(self.session, sightings, now).operation, before, now, verdict)

    def _rolled_back(self) -> bool:
        within, automatic = self.settings.rollback_within, self.session.policy.auto_rollback == "on"
        records, live = self.session.near().every, self.vigil.release
        if not automatic or live == self.kept or not may_roll_back(records, live, datetime.now(UTC), within):
            return False
        if self.session.options.dry_run:
            return self._keep("it would be rolled back, and this is a dry run")
        self.session.tell(Noticed(f"rolling back: it was deployed less than {words.seconds(within)} ago"))
        try:
            changed = change(self.session, partial(rollback_plan, self.session, None, Terms()), Terms(), agreed=True)
        except LeaseHeld:
            return False  # somebody is at it: what they leave is looked at then
        except Refused as error:
            return self._keep(f"the rollback was refused: {error}")
        except RollbackError as error:
            self.session.tell(Noticed(f"the rollback is tried again: {error}"))
            return False
        self.rolled.append(changed.reply)
        self.session.say(*changed.reply.shown)
        if changed.signal:
            raise Interrupted(changed.signal)
        return True

    def _keep(self, why: str) -> bool:
        self.session.tell(Noticed(why))
        self.kept = self.vigil.release
        return False

    def reply(self, code: int | None = None) -> Reply:
        """code: when it was ended by a signal."""
        grade = self.said.grade if self.said else Grade.UNKNOWN
        reason = self.said.reason if self.said else "nothing could be asked yet"
        said = f"{self.session.environment.name} is {grade}: {reason}"
        data = {"grade": grade, "release": self.vigil.release, "rolled_back": [one.data for one in self.rolled]}
        return Reply(data, (said,), STAYS[grade].exit_code if code is None else code, said, "rollback status")
