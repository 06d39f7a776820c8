"""From a plan to its one Outcome: forward, and when that does not pass, the decision and the way back.

A failure, an interruption and a crash go back by the same function, `core.plan.recovery`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rollback.core.barrier import said
from rollback.core.judge import Decision, decide, judge, red, upheld
from rollback.core.plan import recovery, touched
from rollback.errors import Fenced
from rollback.events import Noticed
from rollback.model import Ending, Grade, Judged, Outcome, Phase, Plan, Release, Result, Step, Verdict
from rollback.operation.ports import Policy, Ports
from rollback.operation.walk import Walk, verdict_of, walk

Live = tuple[tuple[str, str | None], ...]
# What is said of the database where nothing live changed, by what the migrations answered.
_DATABASE = {
    Result.SKIPPED: "",
    Result.PASS: "; but its migrations were run, and the database stays so",
    Result.FAIL: "; what its migrations did before they failed stays",
    Result.ERROR: "; its migrations were sent, and what they did is not known",
}


def operate(plan: Plan, policy: Policy, ports: Ports) -> Ending:
    """Walk the plan to its end. Any exception after a switch is recovered from first; then it is raised again, unless
    it was an interruption. Raises: Fenced, and nothing more is done then."""
    forward = Walk()
    conclude = _returned if plan.goes_back else _arrived
    try:
        _walk_on(plan, forward, policy, ports)
        return conclude(plan, forward, policy, ports)  # which may have a person to ask
    except KeyboardInterrupt:
        return _interrupted(plan, forward, policy, ports)


def _walk_on(plan: Plan, forward: Walk, policy: Policy, ports: Ports) -> None:
    try:
        walk(plan.steps, plan, forward, policy, ports, past_failures=plan.goes_back)
    except (KeyboardInterrupt, Fenced):
        raise
    except BaseException:
        _interrupted(plan, forward, policy, ports)
        raise


def _arrived(plan: Plan, forward: Walk, policy: Policy, ports: Ports) -> Ending:
    """The end of a deploy's way forward."""
    verdict = verdict_of(forward, policy) if forward.attempted else Verdict(Grade.UNKNOWN, "nothing was attempted")
    if forward.passed:
        earned = verdict if verdict.grade is Grade.GOOD else _accepted(verdict)
        ports.journal.record(Judged(plan.target, earned))
        there = _now(plan, plan.target, forward.attempted)
        return Ending(Outcome.PARTIAL if plan.pending else Outcome.DONE, earned, there, away=plan.pending)
    if not touched(plan, forward.attempted) and forward.attempted[-1].phase is not Phase.VERIFY:
        return Ending(Outcome.ABANDONED, verdict, plan.live, verdict.rule + _of_database(forward))
    ports.journal.record(Judged(plan.target, verdict))
    return _decided(plan, forward, verdict, policy, ports)


def _of_database(forward: Walk) -> str:
    """They may have been interrupted before they answered."""
    begun = any(step.phase is Phase.MIGRATE for step in forward.attempted)
    return _DATABASE[forward.migrated or Result.ERROR] if begun else ""


def _accepted(verdict: Verdict) -> Verdict:
    return replace(verdict, grade=Grade.GOOD, rule=f"accepted by on_inconclusive, though {verdict.rule}")


def _decided(plan: Plan, forward: Walk, verdict: Verdict, policy: Policy, ports: Ports) -> Ending:
    match _decision(plan, forward, verdict, policy, ports):
        case Decision.GO_BACK:
            return _go_back(plan, forward, verdict, policy, ports)
        case Decision.HOLD:
            return _kept(Outcome.HELD, plan, forward, verdict, verdict.rule, ports)
        case _:
            return _kept(Outcome.LEFT, plan, forward, verdict, _why_left(plan, forward, policy), ports)


def _kept(outcome: Outcome, plan: Plan, forward: Walk, verdict: Verdict, why: str, ports: Ports) -> Ending:
    """Nothing is undone. What an unknown switch did is read again, never assumed."""
    away, seen = _seen(touched(plan, forward.attempted), ports)
    live = tuple((host, seen.get(host, was)) for host, was in plan.live if host not in away)
    return Ending(outcome, verdict, live, why, away=plan.pending + away)


def _decision(plan: Plan, forward: Walk, verdict: Verdict, policy: Policy, ports: Ports) -> Decision:
    """A failed switch leaves a host between two releases: that can't be held, only undone."""
    unsettled = forward.attempted[-1].phase is Phase.ACTIVATE
    weighed = replace(verdict, grade=Grade.BAD) if unsettled else verdict
    decision = decide(weighed, policy.auto_rollback, policy.on_inconclusive)
    if decision in {Decision.GO_BACK, Decision.ASK} and not recovery(plan, forward.attempted):
        return Decision.LEAVE
    if decision is Decision.ASK:
        yes = ports.ask(f"{plan.target.tag} is {verdict.grade} ({verdict.rule}). Roll back?")
        return Decision.GO_BACK if yes else Decision.LEAVE
    return decision


def _why_left(plan: Plan, forward: Walk, policy: Policy) -> str:
    if not touched(plan, forward.attempted):
        return "it was live before this deploy, which switched nothing"
    if plan.fallback is None:
        return "there is no known-good release to go back to"
    if plan.barrier:
        return f"{plan.fallback.tag} does not know {said(plan.barrier)}: there is no automatic way back"
    return f"the policy says auto_rollback: {policy.auto_rollback}"


def _go_back(plan: Plan, forward: Walk, verdict: Verdict, policy: Policy, ports: Ports) -> Ending:
    """The one automatic rollback. It goes on past a failed host, and is judged by what verification observed."""
    if plan.fallback is None or plan.barrier:
        return _kept(Outcome.LEFT, plan, forward, verdict, _why_left(plan, forward, policy), ports)
    back, hosts = Walk(), touched(plan, forward.attempted)
    with ports.shield():
        ports.tell(Noticed(f"going back to {plan.fallback.tag} on {', '.join(hosts)}: {verdict.rule}"))
        walk(recovery(plan, forward.attempted), plan, back, policy, ports, past_failures=True)
        return _restored(plan, plan.fallback, verdict, hosts, back, policy, ports)


def _restored(
    plan: Plan, fallback: Release, verdict: Verdict, hosts: tuple[str, ...], back: Walk, policy: Policy, ports: Ports
) -> Ending:
    away, seen = _seen_again(hosts, back, ports)
    found = _found(fallback, back, away, policy, ports)
    now = ((host, seen.get(host, fallback.id if host in hosts else was)) for host, was in plan.live)
    live = tuple(pair for pair in now if pair[0] not in away)
    pending = plan.pending + away
    if len(away) == len(hosts) and live and all(one == fallback.id for _, one in live):
        return Ending(Outcome.PARTIAL, verdict, live, verdict.rule, away=pending)  # what answers was never touched
    astray = tuple(host for host, one in live if host in hosts and one != fallback.id)
    if astray or found.grade is not Grade.GOOD or len(away) == len(hosts):
        again = _failing(found, policy) & _failing(verdict, policy)
        reason = _stranded(plan, fallback, found, again, away, astray)
        if again:  # what both fail condemns neither
            ports.journal.record(Judged(plan.target, Verdict(Grade.UNKNOWN, reason)))
        return Ending(Outcome.STRANDED, verdict, live, reason, found, pending)
    ports.journal.record(Judged(fallback, found))
    others = tuple(host for host, one in live if host not in hosts and one not in {None, fallback.id})  # as before
    outcome = Outcome.PARTIAL if away or others else Outcome.ROLLED_BACK
    return Ending(outcome, verdict, live, verdict.rule, found, pending + others)


def _returned(plan: Plan, forward: Walk, policy: Policy, ports: Ports) -> Ending:
    """The end of a rollback that a person asked for: nothing is undone; it is judged by what verification observed."""
    if not forward.passed and not forward.verified and not touched(plan, forward.attempted):
        verdict = verdict_of(forward, policy)
        return Ending(Outcome.ABANDONED, verdict, plan.live, verdict.rule)
    hosts = tuple(host for host, _ in plan.live)
    away, seen = _seen_again(hosts, forward, ports)
    found = _found(plan.target, forward, away, policy, ports)
    live = tuple((host, seen.get(host, plan.target.id)) for host in hosts if host not in away)
    pending = plan.pending + away + tuple(host for host in hosts if host in forward.lacking and host not in away)
    astray = tuple(host for host, one in live if one != plan.target.id and host not in forward.lacking)
    if astray or found.grade is not Grade.GOOD or len(away) == len(hosts):
        reason = _stranded(plan, plan.target, found, frozenset(), away, astray)
        return Ending(Outcome.STRANDED, found, live, reason, away=pending)
    ports.journal.record(Judged(plan.target, found))
    return Ending(Outcome.PARTIAL if pending else Outcome.DONE, found, live, found.rule, away=pending)


def _interrupted(plan: Plan, forward: Walk, policy: Policy, ports: Ports) -> Ending:
    """Before a host was touched, nothing happens. After, a deploy goes back and a rollback is finished."""
    verdict = Verdict(Grade.UNKNOWN, "interrupted", tuple(forward.findings))
    if not touched(plan, forward.attempted):
        why = f"interrupted before anything live changed{_of_database(forward)}"
        return Ending(Outcome.INTERRUPTED, verdict, plan.live, why)
    if not plan.goes_back:
        return _go_back(plan, forward, verdict, policy, ports)
    with ports.shield():
        ports.tell(Noticed("a rollback is not left half done: finishing it first"))
        walk(plan.steps[forward.place :], plan, forward, policy, ports, past_failures=True)
        return _returned(plan, forward, policy, ports)


def _found(release: Release, back: Walk, away: tuple[str, ...], policy: Policy, ports: Ports) -> Verdict:
    """On what was gone back to. What could not be measured now is said, and takes no proof back."""
    found = judge([f for f in back.verified if f.host not in away], policy.limits, policy.excused)
    stays = upheld(found, policy.limits) if release.commit in policy.proven else found
    if stays is not found:
        ports.tell(Noticed(f"{release.tag} is back, but not all of it could be measured: {found.rule}"))
    return stays


def _seen_again(hosts: tuple[str, ...], back: Walk, ports: Ports) -> tuple[tuple[str, ...], dict[str, str | None]]:
    """After trouble the hosts are asked again, never assumed: who can't be reached, and what is live on each."""
    return ((), {}) if back.passed else _seen(hosts, ports)


def _seen(hosts: tuple[str, ...], ports: Ports) -> tuple[tuple[str, ...], dict[str, str | None]]:
    seen = {s.host: s for s in ports.fleet.sight()}
    away = tuple(host for host in hosts if not seen[host].reachable)
    return away, {host: seen[host].live for host in hosts}


def _stranded(
    plan: Plan, wanted: Release, found: Verdict, again: frozenset[str], away: tuple[str, ...], astray: tuple[str, ...]
) -> str:
    """again: checks that what was left fails, too. astray: hosts that answer and run something else, whatever their
    checks say of it."""
    if astray and found.grade is Grade.GOOD:
        return f"{', '.join(astray)} could not be switched to {wanted.tag}"
    if again:
        return (
            f"{wanted.tag} fails the same check ({', '.join(sorted(again))}): the cause is probably not"
            f" {plan.target.tag} but data, configuration or a dependency"
        )
    if away and found.grade is not Grade.BAD:
        return f"{', '.join(away)} could not be reached on the way back to {wanted.tag}"
    return f"{wanted.tag} could not be verified: {found.rule}"


def _failing(verdict: Verdict, policy: Policy) -> frozenset[str]:
    return red(verdict.findings) - policy.excused


def _now(plan: Plan, release: Release, attempted: Iterable[Step]) -> Live:
    switched = frozenset(touched(plan, attempted))
    return tuple((host, release.id if host in switched else was) for host, was in plan.live)
