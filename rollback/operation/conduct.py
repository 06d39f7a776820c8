"""One whole operation: lease, second look, preflight, the walk, the last records, and the lease given back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rollback.core.history import Standings, prunable
from rollback.core.judge import label, red
from rollback.errors import Fenced, NotReady, PlanChanged, RedBeforeDeploy
from rollback.events import Noticed
from rollback.model import (
    Ended,
    Ending,
    Finding,
    Grade,
    Kind,
    Observed,
    Outcome,
    Phase,
    Plan,
    Pruned,
    Release,
    Result,
    Sighting,
    Started,
)
from rollback.operation.outcome import operate
from rollback.operation.ports import Policy, Ports
from rollback.operation.ready import looking_over

_KEPT = {Outcome.DONE, Outcome.PARTIAL}  # the target stays
Planned = Callable[[Sequence[Sighting]], Plan]
Origin = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done: the plan as it was shown (None: nobody has seen one yet), how it is made, and by whom."""

    plan: Planned
    shown: Plan | None
    show: Callable[[Plan], None]
    origin: Origin
    standings: Standings
    force: bool = False


def conduct(asked: Asked, sightings: Sequence[Sighting], policy: Policy, ports: Ports) -> tuple[Plan, Ending]:
    """Carry out what was asked on hosts whose lease was just taken and which showed these sightings.

    The lease is given back whatever happens; hosts that are left stranded, or that somebody took over, keep the note of
    what was done to them. Raises: Refused, PlanChanged, RedBeforeDeploy, with nothing changed; Fenced.
    """
    hosts = tuple(s.host for s in sightings if s.reachable)
    holding: frozenset[str] = frozenset()
    try:
        plan = _planned(asked, sightings)
        _tell_pending(plan, sightings, ports)
        started = Started(plan.kind, plan.target, plan.fallback, hosts, asked.origin)
        ports.journal.record(started, *(one for one in plan.between if one.known))
        ending = _carried_out(plan, asked, policy, ports)
        holding = frozenset(hosts if ending.outcome is Outcome.STRANDED else ())
    except Fenced:
        holding = frozenset(hosts)
        raise
    finally:
        with ports.shield():
            trouble = ports.fleet.finish(hosts, ports.journal.lines(), holding)
            if not ports.fleet.taken_away:  # what is not ours any more can't be closed, and that was said
                _tell_trouble(trouble, "could not be closed", ports)
    return plan, _as_heard(plan, ending, trouble, policy, ports)


def _as_heard(plan: Plan, ending: Ending, trouble: Sequence[Finding], policy: Policy, ports: Ports) -> Ending:
    """A host that waits to be confirmed and does not hear the end goes back by itself: it is pending."""
    waiting = {host for step in plan.steps if step.phase is Phase.ACTIVATE for host in step.hosts}
    deaf = tuple(f.host for f in trouble if f.result is not Result.PASS and f.host in waiting - set(ending.away))
    if policy.confirm_within is None or plan.kind is not Kind.DEPLOY or ending.outcome not in _KEPT or not deaf:
        return ending
    live = tuple((host, one) for host, one in ending.live if host not in deaf)
    heard = replace(ending, outcome=Outcome.PARTIAL, live=live, away=ending.away + deaf)
    with ports.shield():
        ports.journal.record(Ended(heard.outcome, heard.live, heard.away, heard.reason))
    return heard


def _planned(asked: Asked, sightings: Sequence[Sighting]) -> Plan:
    plan = asked.plan(sightings)
    if asked.shown is None:
        asked.show(plan)
    elif plan != asked.shown:
        raise PlanChanged(
            "the hosts changed while the plan was being read: it is another plan now", hint="run it again"
        )
    return plan


def _tell_pending(plan: Plan, sightings: Sequence[Sighting], ports: Ports) -> None:
    for one in sightings:
        if one.host in plan.pending:
            ports.tell(Noticed(f"{one.host} is left as pending: {one.problem}"))


def _carried_out(plan: Plan, asked: Asked, policy: Policy, ports: Ports) -> Ending:
    with ports.fleet.heartbeat():
        try:
            ready = looking_over(plan, ports, force=asked.force)  # while the app is asked
            excused = _preflight(plan, asked, policy, ports)
            ready()
            ending = operate(plan, _weighed(plan, policy, excused, asked.standings), ports)
        except KeyboardInterrupt:
            ports.journal.record(_stopped(Outcome.INTERRUPTED, plan, "interrupted before anything live changed", ports))
            raise
        except Fenced as error:
            ports.journal.record(_stopped(Outcome.FENCED, plan, str(error), ports))
            raise
        except (RedBeforeDeploy, NotReady) as error:
            ports.journal.record(_stopped(Outcome.REFUSED, plan, str(error), ports))
            raise
        with ports.shield():
            ports.journal.record(Ended(ending.outcome, ending.live, ending.away, ending.reason))
        try:
            _prune(plan, ending, asked, policy, ports)
        except KeyboardInterrupt:
            ports.tell(Noticed("interrupted while pruning: what was left is deleted after the next deploy"))
    return ending


def _weighed(plan: Plan, policy: Policy, excused: frozenset[str], standings: Standings) -> Policy:
    """A drill is not there to leave people with what it tried."""
    proven = frozenset(commit for commit, one in standings.items() if one.grade is Grade.GOOD)
    known = replace(policy, excused=excused, proven=proven)
    if plan.kind is Kind.DRILL:
        return replace(known, auto_rollback="on", on_inconclusive="rollback")
    return known


def _stopped(outcome: Outcome, plan: Plan, why: str, ports: Ports) -> Ended:
    """Of hosts that somebody else has taken over nothing is known any more."""
    return Ended(outcome, () if ports.fleet.taken_away else plan.live, plan.pending, why)


def _preflight(plan: Plan, asked: Asked, policy: Policy, ports: Ports) -> frozenset[str]:
    """The same checks on the live release first: what is red already can't condemn the new one.

    A live release that is known to be bad has nothing to say, nor one that a deploy is only finished on.
    Raises: RedBeforeDeploy unless forced.
    """
    live = {host: release for host, was in plan.live if (release := ports.releases.get(was or ""))}
    unasked = not policy.preflight or plan.goes_back or plan.resumes
    if unasked or not live or _any_bad(live.values(), asked.standings):
        return frozenset()
    ports.tell(Noticed("preflight: the same checks on what is live now"))
    findings = ports.checks.once(live)
    ports.journal.record(Observed(None, findings))
    failed = red(findings)
    if failed and not asked.force:
        raise RedBeforeDeploy(_red_sentence(findings, failed), hint="mend that first, or deploy with --force")
    return failed


def _any_bad(live: Iterable[Release], standings: Standings) -> bool:
    known = (standings.get(release.commit) for release in live)
    return any(one is not None and one.grade is Grade.BAD for one in known)


def _red_sentence(findings: Sequence[Finding], failed: frozenset[str]) -> str:
    first = next(f for f in findings if f.check in failed and f.result is Result.FAIL)
    return f"red before the deploy: {label(first)}: {first.observed}, expected {first.expected}"


def _prune(plan: Plan, ending: Ending, asked: Asked, policy: Policy, ports: Ports) -> None:
    """After a good deploy. What fails here is a warning: the deploy itself stands."""
    if plan.kind is not Kind.DEPLOY or ending.outcome is not Outcome.DONE:
        return
    doomed = prunable(ports.fleet.sight(), asked.standings, policy.keep)
    hosts = tuple(host for host, _ in plan.live)
    if doomed:
        trouble = ports.fleet.prune(hosts, tuple(release.id for release in doomed))
        ports.journal.record(Pruned(doomed, hosts))
        _tell_trouble(trouble, "could not be pruned", ports)


def _tell_trouble(findings: Sequence[Finding], what: str, ports: Ports) -> None:
    for finding in findings:
        if finding.result is not Result.PASS:
            ports.tell(Noticed(f"{finding.host} {what}: {finding.observed}"))
