"""Walks steps: records the intent of each, performs it, records what was found; stops where it must."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rollback.core.judge import Decision, decide, judge
from rollback.errors import Fenced
from rollback.events import Began
from rollback.model import (
    JUDGED,
    Confirm,
    Finding,
    Grade,
    Intended,
    Kind,
    Observed,
    Phase,
    Plan,
    Release,
    Result,
    Reverted,
    Step,
    Verdict,
    View,
    Withdrawn,
)
from rollback.operation.ports import Findings, Policy, Ports


@dataclass(slots=True)
class Walk:
    """Steps as they are attempted: entered before they are made, and counted unless they certainly had no effect."""

    attempted: list[Step] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)  # of the last step
    verified: list[Finding] = field(default_factory=list)  # of all verifications
    lacking: set[str] = field(default_factory=set)  # hosts that could not be brought the release
    migrated: Result | None = None  # what the migrations answered
    place: int = 0  # of the last step that was begun
    passed: bool = True


def walk(steps: Iterable[Step], plan: Plan, so_far: Walk, policy: Policy, ports: Ports, *, past_failures: bool) -> None:
    """Attempt the steps in order. past_failures: go on when a host fails, as a way back must; without what it could not
    be brought. Raises: Fenced, once the lease was taken away: nothing more is done anywhere then."""
    begun, every = so_far.place, tuple(steps)
    for place, whole in enumerate(every, start=begun):
        so_far.place = place
        step = replace(whole, hosts=tuple(host for host in whole.hosts if host not in so_far.lacking))
        if not step.hosts:
            continue
        if step.phase is Phase.ACTIVATE:
            ports.checks.before(step.release, step.hosts, _compared(step, plan, ports))
        ports.journal.record(*_withdrawn(step, plan, so_far, ports), Intended(step))
        so_far.attempted.append(step)
        ports.tell(Began(step, plan.lasts(step.phase)))
        ahead = _switched_by(every[place - begun + 1 :]) - so_far.lacking
        findings = _perform(step, plan, ahead, policy, ports)
        ports.journal.record(Observed(step, findings))
        _enter(so_far, step, findings, policy)
        _still_ours(ports)
        if not so_far.passed and not past_failures:
            return


def _switched_by(steps: Iterable[Step]) -> set[str]:
    return {host for step in steps if step.phase is Phase.ACTIVATE for host in step.hosts}


def _withdrawn(step: Step, plan: Plan, so_far: Walk, ports: Ports) -> tuple[Withdrawn, ...]:
    """What a person rolls back is not chosen as fallback again until it has been verified anew; said before the first
    switch, so that it also holds for whoever finishes what was cut off."""
    begun = any(one.phase is Phase.ACTIVATE for one in so_far.attempted)
    if plan.kind is not Kind.ROLLBACK or step.phase is not Phase.ACTIVATE or begun:
        return ()
    left = {was: ports.releases[was] for _, was in plan.live if was and was in ports.releases}
    return tuple(Withdrawn(release, plan.reason) for one, release in left.items() if one != plan.target.id)


def _still_ours(ports: Ports) -> None:
    if ports.fleet.taken_away:
        raise Fenced(ports.fleet.taken_away)


def _enter(so_far: Walk, step: Step, findings: Findings, policy: Policy) -> None:
    untouched = {f.host for f in findings if f.result is Result.SKIPPED}
    if step.phase is Phase.ACTIVATE and untouched:
        so_far.attempted[-1] = replace(step, hosts=tuple(host for host in step.hosts if host not in untouched))
    if step.phase in {Phase.UPLOAD, Phase.PREPARE}:
        so_far.lacking |= {f.host for f in findings if f.host and f.result is not Result.PASS}
    if step.phase is Phase.MIGRATE:
        so_far.migrated = findings[0].result
    if step.phase in JUDGED:
        so_far.verified += findings
    so_far.findings = list(findings)
    so_far.passed &= _passed(step, so_far, policy)


def _passed(step: Step, so_far: Walk, policy: Policy) -> bool:
    """Limits count over the whole walk: wave by wave they would never be passed."""
    if step.phase not in JUDGED:
        return all(f.result is Result.PASS for f in so_far.findings)
    verdict = judge(so_far.verified, policy.limits, policy.excused)
    return decide(verdict, policy.auto_rollback, policy.on_inconclusive) is Decision.GO_ON


def _perform(step: Step, plan: Plan, ahead: set[str], policy: Policy, ports: Ports) -> Findings:
    match step.phase:
        case Phase.UPLOAD:
            return ports.fleet.upload(step.release, step.hosts)
        case Phase.PREPARE:
            return ports.fleet.prepare(step.release, step.hosts)
        case Phase.MIGRATE:
            return ports.fleet.migrate(step.release, step.hosts, ports.journal.lines())
        case Phase.ACTIVATE:
            expected, lines = _expected(plan, step), ports.journal.lines()
            return ports.fleet.activate(
                step.release, step.hosts, expected, lines, _to_confirm(step, plan, policy, ports)
            )
        case Phase.VERIFY:
            return _verify(step, plan, ahead, policy, ports)
        case Phase.PAUSE | Phase.WATCH:
            before, seconds = _before(step, plan, ports), plan.lasts(step.phase)
            return ports.checks.watch(
                step.release, before, step.hosts, policy.excused, seconds, lambda: bool(ports.fleet.taken_away)
            )


def _expected(plan: Plan, step: Step) -> tuple[str | None, ...]:
    """What may be live on these hosts when they are switched: anything else is drift."""
    hosts = frozenset(step.hosts)
    before = {live for host, live in plan.live if host in hosts}
    return tuple(dict.fromkeys([*sorted(before, key=str), plan.target.id]))


def _is_new(step: Step, plan: Plan) -> bool:
    """Only on the way forward of a deploy: what is gone back to was proven before."""
    return plan.kind is Kind.DEPLOY and step.release == plan.target


def _compared(step: Step, plan: Plan, ports: Ports) -> dict[str, Release]:
    """What a new release has to live up to, on each of its hosts."""
    before = _before(step, plan, ports)
    live = {host: before[host] for host in step.hosts}
    return {host: was for host, was in live.items() if was and was != step.release and _is_new(step, plan)}


def _to_confirm(step: Step, plan: Plan, policy: Policy, ports: Ports) -> Confirm | None:
    """From the way back no host turns round by itself, nor at a barrier."""
    if policy.confirm_within is None or not _is_new(step, plan) or plan.barrier:
        return None
    records = {host: ports.journal.ahead(Reverted(step.release, host)) for host in step.hosts}
    return Confirm(policy.confirm_within, records)


def _verify(step: Step, plan: Plan, ahead: set[str], policy: Policy, ports: Ports) -> Findings:
    """The hosts' own answers first; only hosts that passed are given users again; then the users' view."""
    previous = _before(step, plan, ports)
    findings: Findings = ()
    if ports.checks.has(View.HOST):
        findings = ports.checks.gate(step.release, previous, step.hosts, View.HOST, policy.excused)
        if judge(findings, policy.limits, policy.excused).grade is Grade.BAD and not _is_back(step, plan):
            return findings
    findings += _undrained(step, ports)
    if ports.checks.has(View.URL) and _tells_of_it(step, plan, ahead, policy, ports):
        findings += ports.checks.gate(step.release, previous, step.hosts, View.URL, policy.excused)
    return findings


def _tells_of_it(step: Step, plan: Plan, ahead: set[str], policy: Policy, ports: Ports) -> bool:
    """Via url any host may answer: while others run what is bad, or not known to be good, it is not asked yet."""
    live = [ports.releases.get(was or "") for host, was in plan.live if host in ahead]
    good = all(one is not None and (one == step.release or one.commit in policy.proven) for one in live)
    return not ahead or (good and not _is_back(step, plan))


def _is_back(step: Step, plan: Plan) -> bool:
    return plan.goes_back or step.release != plan.target


def _before(step: Step, plan: Plan, ports: Ports) -> dict[str, Release | None]:
    """What was live on each of the step's hosts."""
    before = dict(plan.live)
    return {host: ports.releases.get(before.get(host) or "") for host in step.hosts}


def _undrained(step: Step, ports: Ports) -> Findings:
    """Only what went wrong, as unknown: a load balancer's trouble says nothing of the release."""
    amiss = (f for f in ports.fleet.undrain(step.release, step.hosts) if f.result is not Result.PASS)
    return tuple(replace(finding, result=Result.ERROR) for finding in amiss)


def verdict_of(so_far: Walk, policy: Policy) -> Verdict:
    """On the walk's release: what the verifications found, or what the step that ended it met."""
    last = so_far.attempted[-1]
    if last.phase in JUDGED:
        return judge(so_far.verified, policy.limits, policy.excused)
    failed = [f for f in so_far.findings if f.result is Result.FAIL]
    worst = (failed or [f for f in so_far.findings if f.result is not Result.PASS])[0]
    grade = Grade.BAD if failed and last.phase is Phase.ACTIVATE else Grade.UNKNOWN
    return Verdict(grade, f"{worst.check} on {worst.host}: {worst.observed}", tuple(so_far.findings))
