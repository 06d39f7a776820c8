"""`rollback metrics`: how well delivery goes, by the ledger and the repository; no host is asked.

The gauges of `rollback watch --metrics` are another matter: see cli/metrics.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rollback.cli import outlet
from rollback.cli.delivered import Delivered, delivered
from rollback.cli.moments import typed, zone
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.deployments import Deployment, WayBack
from rollback.core.metrics import DEFAULT_WINDOW, KEYS, LeadTimes, metrics
from rollback.errors import UsageError
from rollback.report import metrics as shown
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.source.commits import Commits

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)  # of which a record's id can tell


@dataclass(frozen=True, slots=True)
class Format:
    """How it is answered; at most one."""

    csv: bool = False
    prometheus: bool = False


def delivery(options: Options, since: str | None, by: str, form: Format) -> Reply:
    if by and by not in KEYS:
        raise UsageError(f"--by {clean_line(by, 40)}: nothing is grouped by that", hint=f"one of {', '.join(KEYS)}")
    if form.csv + form.prometheus + bool(options.json) > 1:
        raise UsageError("--json, --csv and --prometheus are three answers: choose one")
    until = datetime.now(UTC)
    with Session(options) as session:
        begin = _begin(session, since, until)
        names = _environments(session, by)
        found = metrics(*_read(options, names, begin), begin, until, names, by)
        said, app = shown.sentence(found), session.playbook.app
        if form.csv or form.prometheus:
            from rollback.report.exposition import as_csv, as_prometheus

            outlet.line((as_csv(found, outlet.fit) if form.csv else as_prometheus(app, found, outlet.fit)).rstrip("\n"))
            return Reply(found, (), 0, said)
        hint = (
            ""
            if found.whole.deployments
            else "rollback history asks the hosts what this machine's ledger does not know"
        )
        return Reply(found, shown.shown(app, found), 0, said, hint)


def _begin(session: Session, since: str | None, until: datetime) -> datetime:
    if since is None:
        return until - timedelta(seconds=DEFAULT_WINDOW)
    at = typed("--since", since, until, zone(session.playbook.timezone), "rollback metrics --since 30d")
    return max(at, _FIRST)


def _environments(session: Session, by: str) -> tuple[str, ...]:
    """By environment they are all asked; otherwise the one that is meant."""
    every = by == "environment" and session.options.env is None
    return tuple(session.playbook.environments) if every else (session.environment.name,)


def _read(
    options: Options, names: tuple[str, ...], begin: datetime
) -> tuple[list[Deployment], list[WayBack], LeadTimes]:
    made: list[Deployment] = []
    ways: list[WayBack] = []
    times = LeadTimes({})
    for name in names:
        with Session(replace(options, env=name)) as session:
            mine = _delivered(session, begin)
        made += mine.made
        ways += mine.ways
        took = mine.lead_times
        times = LeadTimes({**times.of, **took.of}, times.untold | took.untold, times.why or took.why)
    return made, ways, times


def _delivered(session: Session, begin: datetime) -> Delivered:
    def ask(base: str | None, wanted: tuple[str, ...]) -> Commits:
        return session.repository.commits(base, wanted)  # opened only now: it may be away

    return delivered(session.ledger, begin, ask)
