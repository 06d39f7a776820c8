"""Ask every check about what is live, or judge again what an operation found; change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollback.cli.look import found
from rollback.cli.options import Options
from rollback.cli.outlet import console
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.explain import Explanation, Part, answers
from rollback.core.judge import STAYS, decide, judge
from rollback.core.replay import Rule, replay, watched
from rollback.core.status import live_on, problems
from rollback.errors import Refused, Unreachable
from rollback.model import Finding, Grade, Phase, Release, Result, Sighting, Verdict
from rollback.report import replay as replays
from rollback.report import words
from rollback.report.ending import evidence_of
from rollback.report.progress import Notices
from rollback.report.status import where
from rollback.report.tally import passed
from rollback.text import clean_line

if TYPE_CHECKING:
    from rich.text import Text

_HINTS = {Grade.GOOD: "rollback status", Grade.BAD: "rollback", Grade.UNKNOWN: "rollback check"}
_HEADS = {Grade.GOOD: ("✓", "green"), Grade.BAD: ("✗", "red"), Grade.UNKNOWN: ("?", words.CAUTION)}


def verify(options: Options, replayed: str | None) -> Reply:
    return _now(options) if replayed is None else _again(options, replayed)


def _again(options: Options, operation: str) -> Reply:
    with Session(options) as session:
        one = found(session, operation)
        mine = session.ledger.shelf.read(frozenset((one.operation,)))
        if one.release is None:
            raise Refused(f"{one.what} judged no release: there is nothing to judge again", hint="rollback history")
        phases = {"gate", "watch"} if watched(mine) else {"gate"}
        declared = [check for check in session.playbook.checks if phases & set(check.phase)]
        rules = {check.name: Rule(check.limits, check.severity == "required") for check in declared}
        again = replay(one.release, mine, rules)
        follows = decide(again.now, session.policy.auto_rollback, session.policy.on_inconclusive)
        said = replays.sentence(clean_line(one.what), again)
        hint = f"rollback show {words.start_of(one.operation)}"
        return Reply(again, (said, *replays.lines(again, follows)), 0, said, hint)


def _now(options: Options) -> Reply:
    with Session(options) as session:
        session.progress = Notices(console(options, stderr=True))
        session.require_usable()
        session.fleet.begin()
        checks = session.checks  # loaded while the hosts let us in
        sightings = session.fleet.sight()
        live = _live(sightings)
        session.say(f"every check, once: {_where(live)}")
        findings = (*checks.once(live, apart=True), *_unseen(sightings, live))
        verdict = judge(findings, session.policy.limits)
        said = f"{session.environment.name} is {verdict.grade} ({_where(live)}): {verdict.rule}"
        away = tuple(f"  not seen  {s.host}: {s.problem}" for s in sightings if s.problem)
        why = _why(session, live, verdict)
        lines = (*evidence_of(verdict, why), *(f"✓ {line}" for line in passed(findings)))
        shown = (_headline(verdict.grade, said), *(f"  {line}" for line in lines), *away)
        return Reply(verdict, shown, why.outcome.exit_code, said, _HINTS[verdict.grade], why)


def _why(session: Session, live: Mapping[str, Release], verdict: Verdict) -> Explanation:
    """Nothing is recorded: it explains itself."""
    releases = set(live.values())
    release = releases.pop() if len(releases) == 1 else None
    return Explanation(
        what="verify",
        environment=session.environment.name,
        outcome=STAYS[verdict.grade],
        verdict=verdict,
        author=session.author[0],
        target=release,
        reason=verdict.rule,
        live=tuple((host, one.id) for host, one in live.items()),
        parts=(Part(Phase.VERIFY, release, answers(verdict.findings), verdict.grade),),
    )


def _headline(grade: Grade, said: str) -> Text:
    from rich.text import Text

    mark, style = _HEADS[grade]
    return Text(f"{mark} {said}", f"bold {style}")


def _live(sightings: Sequence[Sighting]) -> dict[str, Release]:
    if not any(s.reachable for s in sightings):
        raise Unreachable(f"no host answered: {problems(sightings)}", hint="rollback check")
    live = live_on(sightings)
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
