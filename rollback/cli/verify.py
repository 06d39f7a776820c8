"""The commands that ask without changing anything: verify and check."""

from __future__ import annotations

from collections.abc import Sequence

from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.judge import judge
from rollback.core.past import past
from rollback.core.plan import choose_fallback
from rollback.core.status import common_live
from rollback.core.times import times
from rollback.errors import Refused, Unreachable
from rollback.model import Finding, Grade, Outcome, Release, Result, Sighting
from rollback.report import words

_CODES = {Grade.GOOD: Outcome.DONE, Grade.BAD: Outcome.LEFT, Grade.UNKNOWN: Outcome.HELD}


def verify(options: Options) -> Reply:
    with Session(options) as session:
        session.require_usable()
        sightings = session.fleet.sight()
        live = _live(sightings)
        findings = session.checks.once(live)
        verdict = judge(findings, session.policy.limits)
        said = f"{_tags(live)} on {session.environment.name}: {verdict.grade}: {verdict.rule}"
        hint = {Grade.GOOD: "", Grade.BAD: "rollback", Grade.UNKNOWN: "rollback check"}[verdict.grade]
        return Reply(
            verdict,
            (said, *(f"  next      {one}" for one in (hint,) if one)),
            _CODES[verdict.grade].exit_code,
            said,
            hint,
        )


def _live(sightings: Sequence[Sighting]) -> dict[str, Release]:
    away = [f"{s.host}: {s.problem}" for s in sightings if s.problem]
    if len(away) == len(sightings):
        raise Unreachable("; ".join(away), hint="rollback check")
    live = {s.host: release for s in sightings for release in s.releases if release.id == s.live}
    if not live:
        raise Refused("nothing that was deployed by this tool is live on these hosts", hint="rollback deploy TAG")
    return live


def _tags(live: dict[str, Release]) -> str:
    return " ".join(dict.fromkeys(words.tag(release) for release in live.values()))


def _tell(session: Session, findings: Sequence[Finding]) -> None:
    for finding in findings:
        session.say(f"{words.MARKS[finding.result]} {words.said(finding)}")
        if finding.result is not Result.PASS:
            session.say(*(f"    | {line}" for line in finding.evidence.splitlines()[-6:]))


def check(options: Options) -> Reply:
    with Session(options) as session:
        session.require_usable()
        sightings = session.fleet.sight()
        session.learn(sightings)
        found = session.known().standings
        fallback = choose_fallback(sightings, found, besides=common_live(sightings))
        findings = session.fleet.inspect(fallback.release if fallback else None)
        _tell(session, findings)
        session.say(_way_back(fallback.release if fallback else None), _estimate(session))
        amiss = [f for f in findings if f.required and f.result is not Result.PASS]
        data = {"findings": findings, "fallback": fallback}
        if amiss:
            said = f"not ready: {words.said(amiss[0])}" + (f", and {len(amiss) - 1} more" if amiss[1:] else "")
            return Reply(data, (said,), 3, said, "mend that, then rollback check again")
        return Reply(data, ("ready",), 0, "ready to deploy" + (" and to roll back" if fallback else ""), "")


def _way_back(fallback: Release | None) -> str:
    if fallback is None:
        return "? fallback: none yet; it is earned by the second good deploy"
    return f"✓ fallback: {words.named(fallback)}, complete on every host"


def _estimate(session: Session) -> str:
    """From the last rollback that ended well; nothing is guessed."""
    records = session.records()
    for row in past(records):
        took = times(r for r in records if r.operation == row.operation)
        begin = took.decided or (took.started if row.what.startswith("rollback") else None)
        if row.outcome in {Outcome.DONE, Outcome.ROLLED_BACK} and begin and took.verified:
            span = words.seconds((took.verified - begin).total_seconds())
            return f"  a rollback took {span} last time ({words.moment(row.at)})"
    return "  how long a rollback takes: not measured here yet"
