"""What to do: the plans of a deploy, a rollback, and of the recovery from either. Pure; equal plans mean equal work.

The target is one for the whole fleet, never chosen per host. What cannot be done is raised as Refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rollback.core.fallback import last_known_good, way_back
from rollback.core.freeze import Freeze
from rollback.core.history import Standings
from rollback.core.left import NO_REST, Left, Rest
from rollback.core.refusals import a_way_back, earned, not_frozen, not_moved, not_quarantined, not_withdrawn
from rollback.core.rollout import Rollout, waves
from rollback.core.status import common_live, problems
from rollback.errors import Refused, Unreachable
from rollback.model import Kind, Phase, Plan, Release, Sighting, Step

Sightings = Sequence[Sighting]


@dataclass(frozen=True, slots=True)
class Known:
    """What planning knows beside the sightings: verdicts by commit, each tag as it was deployed before, the operations
    that did not end, where the last one that did left the fleet, and whether a person froze the environment."""

    standings: Standings
    pins: Mapping[str, Release]
    left: tuple[Left, ...] = ()
    rest: Rest = NO_REST
    freeze: Freeze | None = None


def deploy(
    release: Release, sightings: Sightings, known: Known, rollout: Rollout, *, force: bool = False, away: int = 0
) -> Plan:
    """The plan that puts `release` on every host, with the way back. `force` lifts the refusals that a person may lift.

    away: as many hosts may be out of reach, or as the roll-out says; they are left pending. Raises: Refused, TagMoved.
    """
    away = max(away, rollout.away)
    reachable = _reachable(sightings, away)
    fallback = way_back(release, reachable, known.standings)
    if not force:
        require_deployable(release, sightings, known, away)
        a_way_back(release, fallback, reachable, known.standings)
    brought_first = _brought(fallback.release, reachable) if fallback else ()
    steps = brought_first + _steps(release, reachable, rollout)
    return Plan(
        Kind.DEPLOY,
        release,
        fallback.release if fallback else None,
        steps,
        _live(reachable),
        rollout.batch,
        _away(sightings),
        watch=rollout.watch if steps[-1].phase is Phase.WATCH else 0.0,
        pause=rollout.pause if any(step.phase is Phase.PAUSE for step in steps) else 0.0,
        groups=rollout.groups,
    )


def require_deployable(release: Release, sightings: Sightings, known: Known, away: int) -> None:
    """What nothing that is put in order first could change. Raises: Refused, TagMoved."""
    _reachable(sightings, away)
    not_frozen(known.freeze)
    not_moved(release, known.pins)
    not_quarantined(release, known.standings)
    not_withdrawn(release, known.standings)


def rollback(
    target: Release | None, sightings: Sightings, known: Known, rollout: Rollout, *, force: bool = False
) -> Plan:
    """The plan that puts `target`, or the newest known-good release that is not live, back on every reachable host.

    It has no canary and no fallback: a rollback never triggers another. Raises: Refused, Unreachable.
    """
    reachable = reachable_of(sightings)
    chosen = target or last_known_good(reachable, known.standings, besides=_wanted_away(reachable, known.rest))
    if not force:
        not_quarantined(chosen, known.standings)
        earned(chosen, known.standings)
    return back(Kind.ROLLBACK, chosen, sightings, rollout)


def back(kind: Kind, target: Release, sightings: Sightings, rollout: Rollout) -> Plan:
    """The plan that puts `target` on every reachable host, one that no way leads back from.

    Whatever has the target goes back first; whatever lacks it is brought it then; whatever runs it is verified.
    Raises: Unreachable.
    """
    reachable = reachable_of(sightings)
    settled = tuple(s for s in reachable if _is_settled(s, target))
    moving = [s for s in reachable if s not in settled]
    having = _names([s for s in moving if target in s.releases])
    lacking = _names([s for s in moving if target not in s.releases])
    steps = (
        *_switches(target, having, rollout.back),
        *_brought(target, moving),
        *_switches(target, lacking, rollout.back),
        *((Step(Phase.VERIFY, target, _names(settled)),) if settled else ()),
    )
    return Plan(kind, target, None, steps, _live(reachable), rollout.batch, _away(sightings))


def drill(sightings: Sightings, known: Known, rollout: Rollout) -> Plan:
    """The plan that goes to the fallback as a rollback would, with what is live as the way back from there.

    Raises: Refused, unless all hosts run one known-good release and have the fallback.
    """
    reachable = _reachable(sightings, 0)
    live = common_live(reachable)
    if live is None:
        raise Refused("the hosts are not at rest on one release: there is nothing to rehearse", hint="rollback status")
    earned(live, known.standings)
    fallback = last_known_good(reachable, known.standings, besides=live)
    steps = _brought(fallback, reachable) + _switches(fallback, _names(reachable), rollout.back)
    return Plan(Kind.DRILL, fallback, live, steps, _live(reachable), rollout.batch, groups=rollout.groups)


def recovery(plan: Plan, attempted: Iterable[Step]) -> tuple[Step, ...]:
    """The way back from a plan of which these steps were attempted: touched hosts go to the fallback, and are verified.

    An attempt counts, whatever came of it. No steps: nothing was touched, no fallback, or a barrier before it.
    """
    hosts = touched(plan, attempted)
    if not hosts or plan.fallback is None or plan.barrier:
        return ()
    return _switches(plan.fallback, hosts, Rollout(batch=plan.batch, groups=plan.groups).back)


def touched(plan: Plan, attempted: Iterable[Step]) -> tuple[str, ...]:
    """Hosts that run, or may run, the target: those of every attempted activation, in the plan's order."""
    tried = {host for step in attempted if step.phase is Phase.ACTIVATE for host in step.hosts}
    return tuple(host for host, _ in plan.live if host in tried)


def _wanted_away(reachable: Sightings, rest: Rest) -> Release | None:
    """What `rollback` is to get away from: what is live everywhere; where hosts differ, what was deployed last."""
    return common_live(reachable) or (rest.release if rest.by is Kind.DEPLOY else None)


def _is_settled(sighting: Sighting, release: Release) -> bool:
    return sighting.live == release.id and release in sighting.releases and sighting.intent is None


def _steps(release: Release, sightings: Sightings, rollout: Rollout) -> tuple[Step, ...]:
    if all(_is_settled(s, release) for s in sightings):
        return (Step(Phase.VERIFY, release, _names(sightings)),)  # it is live already: nothing to switch
    watch = (Step(Phase.WATCH, release, _names(sightings)),) if rollout.watch else ()
    return _brought(release, sightings) + _switches(release, _names(sightings), rollout) + watch


def _brought(release: Release, sightings: Sightings) -> tuple[Step, ...]:
    lacking = tuple(s.host for s in sightings if release not in s.releases)
    return (Step(Phase.UPLOAD, release, lacking), Step(Phase.PREPARE, release, lacking)) if lacking else ()


def _switches(release: Release, hosts: Sequence[str], rollout: Rollout) -> tuple[Step, ...]:
    return tuple(_stepped(release, waves(hosts, rollout), Phase.PAUSE if rollout.pause else None))


def _stepped(release: Release, groups: Sequence[tuple[str, ...]], between: Phase | None) -> Iterator[Step]:
    """A wave's own hosts are watched in the pause that follows it; after the last wave there is nothing to wait for."""
    for number, hosts in enumerate(groups, start=1):
        yield Step(Phase.ACTIVATE, release, hosts)
        yield Step(Phase.VERIFY, release, hosts)
        if between and number < len(groups):
            yield Step(between, release, hosts)


def reachable_of(sightings: Sightings) -> tuple[Sighting, ...]:
    """Raises: Unreachable when no host is."""
    reachable = tuple(s for s in sightings if s.reachable)
    if not reachable:
        raise Unreachable(problems(sightings), hint="rollback check")
    return reachable


def _reachable(sightings: Sightings, away: int) -> tuple[Sighting, ...]:
    lost = len(_away(sightings))
    if lost > away:
        raise Refused(problems(sightings), hint=_without(lost, len(sightings)))
    return reachable_of(sightings)


def _without(lost: int, every: int) -> str:
    return "rollback check" + (f"; or go on without: --allow-unreachable {lost}" if lost < every else "")


def _away(sightings: Sightings) -> tuple[str, ...]:
    return tuple(s.host for s in sightings if not s.reachable)


def _names(sightings: Sightings) -> tuple[str, ...]:
    return tuple(s.host for s in sightings)


def _live(sightings: Sightings) -> tuple[tuple[str, str | None], ...]:
    return tuple((s.host, s.live) for s in sightings)
