"""The commands that ask without changing anything: verify and check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollback.cli.options import Options
from rollback.cli.outlet import console
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.fallback import choose_fallback
from rollback.core.judge import judge
from rollback.core.left import unfinished
from rollback.core.past import past
from rollback.core.status import common_live
from rollback.core.times import times
from rollback.errors import Refused, Unreachable
from rollback.model import Finding, Grade, Outcome, Release, Result, Sighting
from rollback.report import words
from rollback.report.ending import evidence_of
from rollback.report.evidence import told
from rollback.report.progress import Notices
from rollback.report.status import amiss, where
from rollback.report.tally import passed

if TYPE_CHECKING:
    from rich.text import Text

_HINTS = {Grade.GOOD: "rollback status", Grade.BAD: "rollback", Grade.UNKNOWN: "rollback check"}
_HEADS = {Grade.GOOD: ("✓", "green"), Grade.BAD: ("✗", "red"), Grade.UNKNOWN: ("?", words.CAUTION)}
_CODES = {Grade.GOOD: Outcome.DONE, Grade.BAD: Outcome.LEFT, Grade.UNKNOWN: Outcome.HELD}


def verify(options: Options) -> Reply:
    with Session(options) as session:
        session.progress = Notices(console(options, stderr=True))
        session.require_usable()
        session.fleet.begin()
        checks = session.checks  # loaded while the hosts let us in
        sightings = session.fleet.sight()
        live = _live(sightings)
        session.say(f"every check, once: {_where(live)}")
        findings = (*checks.once(live), *_unseen(sightings, live))
        verdict = judge(findings, session.policy.limits)
        said = f"{session.environment.name} is {verdict.grade} ({_where(live)}): {verdict.rule}"
        away = tuple(f"  not seen  {s.host}: {s.problem}" for s in sightings if s.problem)
        lines = (*evidence_of(verdict), *(f"✓ {line}" for line in passed(findings)))
        shown = (_headline(verdict.grade, said), *(f"  {line}" for line in lines), *away)
        return Reply(verdict, shown, _CODES[verdict.grade].exit_code, said, _HINTS[verdict.grade])


def _headline(grade: Grade, said: str) -> Text:
    from rich.text import Text

    mark, style = _HEADS[grade]
    return Text(f"{mark} {said}", f"bold {style}")


def _live(sightings: Sequence[Sighting]) -> dict[str, Release]:
    away = [f"{s.host}: {s.problem}" for s in sightings if s.problem]
    if len(away) == len(sightings):
        raise Unreachable("; ".join(away), hint="rollback check")
    live = {s.host: release for s in sightings for release in s.releases if release.id == s.live}
    if not live:
        raise Refused("nothing that was deployed by this tool is live on these hosts", hint="rollback deploy TAG")
    return live


def _unseen(sightings: Sequence[Sighting], live: Mapping[str, Release]) -> Iterator[Finding]:
    """What can't be asked has not passed."""
    for one in sightings:
        if one.host not in live:
            observed = one.problem or "what is live there is no complete release"
            yield Finding("reach", Result.ERROR, datetime.now(UTC), one.host, observed=observed)
    if len(set(live.values())) > 1:
        observed = f"the hosts differ: {_where(dict(live))}"
        yield Finding("one release", Result.INCONCLUSIVE, datetime.now(UTC), observed=observed)


def _where(live: dict[str, Release]) -> str:
    return where((words.tag(release), host) for host, release in live.items())


def check(options: Options) -> Reply:
    with Session(options) as session:
        session.require_usable()
        sightings = session.sight()
        found = session.known().standings
        fallback = choose_fallback(sightings, found, besides=common_live(sightings))
        findings = session.fleet.inspect(fallback.release if fallback else None)
        session.say(*told(findings, len(findings)))
        everywhere = all(s.reachable for s in sightings)
        session.say(_way_back(fallback.release if fallback else None, everywhere=everywhere), _estimate(session))
        open_ends = [line for line in amiss(sightings, unfinished(session.records())) if not line.startswith("✗")]
        session.say(*open_ends)
        red = [words.said(f) for f in findings if f.required and f.result is not Result.PASS]
        said = _not_ready((*red, *(line.removeprefix("! ") for line in open_ends)))
        data = {"findings": findings, "fallback": fallback}
        if said:
            hint = "mend that, then rollback check again" if red else "rollback status"
            return Reply(data, (f"✗ {said}",), 3, said, hint)
        said = "ready to deploy and to roll back" if fallback else "ready to deploy; nothing to roll back to yet"
        return Reply(data, (f"✓ {said}",), 0, said, "rollback deploy TAG")


def _not_ready(reasons: Sequence[str]) -> str:
    if not reasons:
        return ""
    return f"not ready: {reasons[0]}" + (f"; and {len(reasons) - 1} more" if reasons[1:] else "")


def _way_back(fallback: Release | None, *, everywhere: bool) -> str:
    if fallback is None:
        return "? fallback: none yet; it is earned by the second good deploy"
    on = "every host" if everywhere else "every host that was seen"
    return f"✓ fallback: {words.named(fallback)}, complete on {on}"


def _estimate(session: Session) -> str:
    """From the last rollback that ended well; nothing is guessed."""
    records = session.records()
    for row in past(records):
        took = times(r for r in records if r.operation == row.operation)
        begin = took.decided or (took.started if row.what.startswith("rollback") and took.switched else None)
        if row.outcome in {Outcome.DONE, Outcome.ROLLED_BACK} and begin and took.verified:
            span = words.seconds((took.verified - begin).total_seconds())
            return f"  a rollback took {span} last time ({words.moment(row.at)})"
    return "  how long a rollback takes: not measured here yet"
