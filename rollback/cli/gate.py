"""For CI, after any deploy: stands what is live through the gate, records the verdict, and goes back when the policy
says so, as `rollback --yes` does. It switches nothing forward, and lifts nobody's word that a release is bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rollback.cli.change import named
from rollback.cli.gated import Seen, settled
from rollback.cli.lease import claim, require_free
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.signals import Signals
from rollback.core.judge import Decision, decide, judge
from rollback.core.refusals import is_bad
from rollback.core.resume import resume
from rollback.core.status import live_on
from rollback.errors import Refused
from rollback.events import Began, Noticed
from rollback.model import Finding, Grade, Phase, Release, Result, Sighting, Step, Verdict, View
from rollback.report import words
from rollback.report.status import where


def gate(options: Options, tag: str | None) -> Reply:
    with Session(options) as session:
        session.require_usable()
        _ = session.checks  # loaded, and refused, before anybody waits
        seen = _seen(session, tag)
        with Signals(session.tell):
            findings = _stood(session, seen)
            _still(session, seen)
        session.progress.__exit__()
        return settled(session, seen, findings, *_weighed(session, seen, findings))


def _seen(session: Session, tag: str | None) -> Seen:
    """Raises: Refused, LeaseHeld."""
    sightings = session.sight()
    known = session.known()
    require_free(sightings, claim(session, ""))
    if resume(sightings, known, session.rollout) is not None:
        raise Refused("something was left unfinished: a gate is for what is at rest", hint="rollback resume")
    live = live_on(sightings)
    if tag is None:
        release, hosts = _common(sightings, live), tuple(live)
    else:
        release = named(session, tag, sightings)
        hosts = tuple(host for host, one in live.items() if one == release)
    if not live:
        return _foreign(session, release, sightings)
    if not hosts:
        raise Refused(f"{words.named(release)} is live nowhere: {_where(sightings)}", hint="rollback status")
    pending = tuple(s.host for s in sightings if not s.reachable and s.host in known.rest.pending)
    return Seen(release, hosts, sightings, pending=pending)


def _common(sightings: Sequence[Sighting], live: Mapping[str, Release]) -> Release:
    releases = set(live.values())
    if len(releases) != 1:
        what = "the hosts differ" if releases else "it can't be told which release is live"
        raise Refused(f"{what}: {_where(sightings)}", hint="rollback gate --release TAG")
    return releases.pop()


def _foreign(session: Session, release: Release, sightings: tuple[Sighting, ...]) -> Seen:
    """Another tool's deploy can be asked and judged; nothing of it is switched, or noted on its hosts."""
    shown = f"no host shows a release of this tool as live ({_where(sightings)})"
    session.tell(Noticed(f"{shown}: that it is {words.tag(release)} is taken on your word, and nothing is rolled back"))
    return Seen(release, tuple(s.host for s in sightings), sightings, ours=False)


def _where(sightings: Sequence[Sighting]) -> str:
    return where((s.problem or words.id_tag(s.live), s.host) for s in sightings)


def _stood(session: Session, seen: Seen) -> tuple[Finding, ...]:
    """As a deploy does: the hosts' own answers first, then the users' view of what passed."""
    session.tell(Began(Step(Phase.VERIFY, seen.release, seen.hosts)))
    before = session.releases(seen.sightings)
    previous = {s.host: before.get(s.previous or "") for s in seen.sightings if s.host in seen.hosts}
    checks, findings = session.checks, tuple(_unreached(seen))
    for view in (View.HOST, View.URL):
        if judge(findings, session.policy.limits).grade is not Grade.BAD:
            findings += checks.gate(seen.release, previous, seen.hosts, view)
    return findings


def _unreached(seen: Seen) -> Sequence[Finding]:
    """What can't be asked has not passed."""
    at = datetime.now(UTC)
    return [Finding("reach", Result.ERROR, at, s.host, observed=s.problem or "") for s in seen.away]


def _still(session: Session, seen: Seen) -> None:
    """What was judged must be what is live: somebody may have deployed meanwhile. Raises: Refused, LeaseHeld."""
    now = session.sight()
    require_free(now, claim(session, ""))
    before = {s.host: s.live for s in seen.sightings if s.reachable}
    if any(s.reachable and s.host in before and s.live != before[s.host] for s in now):
        raise Refused(f"the hosts changed while they were asked: {_where(now)}", hint="rollback gate")


def _weighed(session: Session, seen: Seen, findings: Sequence[Finding]) -> tuple[Verdict, Decision]:
    verdict = judge(findings, session.policy.limits)
    decision = decide(verdict, session.policy.auto_rollback, session.policy.on_inconclusive)
    if decision is not Decision.GO_ON:
        return verdict, decision
    if doubt := _doubt(session, seen):
        return replace(verdict, grade=Grade.UNKNOWN, rule=doubt), Decision.HOLD
    if verdict.grade is Grade.GOOD:
        return verdict, decision
    return replace(verdict, grade=Grade.GOOD, rule=f"accepted by on_inconclusive, though {verdict.rule}"), decision


def _doubt(session: Session, seen: Seen) -> str:
    """Why it is not good though every check passed."""
    if seen.astray:
        return f"the hosts differ: {_where(seen.sightings)}"
    standings = session.known().standings
    if not is_bad(seen.release, standings):
        return ""
    known = standings[seen.release.commit]
    return f"it passes its checks, and is bad since {words.moment(known.since)}: {known.reason}"
