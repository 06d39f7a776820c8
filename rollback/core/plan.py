"""What to do: the plans of a deploy, a rollback, and of the recovery from either. Pure; equal plans mean equal work.

The target is one for the whole fleet, never chosen per host. What cannot be done is raised as Refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rollback.core.history import Standing, Standings
from rollback.core.status import common_live
from rollback.errors import Refused, TagMoved, Unreachable
from rollback.model import Grade, Kind, Phase, Plan, Release, Sighting, Step

Sightings = Sequence[Sighting]


@dataclass(frozen=True, slots=True)
class Rollout:
    """How many hosts at once: first `canary` (0: none), then `batch` at a time (0: all the others)."""

    canary: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What planning knows beside the sightings: verdicts by commit, and each tag as it was deployed before."""

    standings: Standings
    pins: Mapping[str, Release]


def deploy(release: Release, sightings: Sightings, known: Known, rollout: Rollout, *, force: bool = False) -> Plan:
    """The plan that puts `release` on every host, with the way back. `force` lifts the refusals that a person may lift.

    Raises: Refused, TagMoved.
    """
    _every_host(sightings)
    fallback = choose_fallback(sightings, known.standings, besides=release)
    if not force:
        _not_moved(release, known.pins)
        _not_quarantined(release, known.standings)
        _a_way_back(release, fallback, sightings, known.standings)
    return Plan(
        Kind.DEPLOY,
        release,
        fallback.release if fallback else None,
        _steps(release, sightings, waves(_names(sightings), rollout)),
        _live(sightings),
        rollout.batch,
    )


def rollback(
    target: Release | None, sightings: Sightings, known: Known, rollout: Rollout, *, force: bool = False
) -> Plan:
    """The plan that puts `target`, or the newest known-good release that is not live, back on every reachable host.

    It has no canary and no fallback: a rollback never triggers another. Raises: Refused, Unreachable.
    """
    reachable = tuple(s for s in sightings if s.reachable)
    if not reachable:
        raise Unreachable(_problems(sightings), hint="rollback check")
    chosen = target or _last_known_good(reachable, known.standings)
    if not force:
        _not_quarantined(chosen, known.standings)
        _earned(chosen, known.standings)
    return Plan(
        Kind.ROLLBACK,
        chosen,
        None,
        _steps(chosen, reachable, waves(_names(reachable), Rollout(0, rollout.batch))),
        _live(reachable),
        rollout.batch,
        tuple(s.host for s in sightings if not s.reachable),
    )


def recovery(plan: Plan, attempted: Iterable[Step]) -> tuple[Step, ...]:
    """The way back from a plan of which these steps were attempted: touched hosts go to the fallback, and are verified.

    An attempt counts, whatever came of it. No fallback or nothing touched: no steps.
    """
    hosts = touched(plan, attempted)
    if not hosts or plan.fallback is None:
        return ()
    return _switches(plan.fallback, waves(hosts, Rollout(0, plan.batch)))


def touched(plan: Plan, attempted: Iterable[Step]) -> tuple[str, ...]:
    """Hosts that run, or may run, the target: those of every attempted activation, in the plan's order."""
    tried = {host for step in attempted if step.phase is Phase.ACTIVATE for host in step.hosts}
    return tuple(host for host, _ in plan.live if host in tried)


def waves(hosts: Sequence[str], rollout: Rollout) -> tuple[tuple[str, ...], ...]:
    """The hosts cut into the groups that are switched together."""
    first, rest = tuple(hosts[: rollout.canary]), tuple(hosts[rollout.canary :])
    size = rollout.batch or len(rest) or 1
    cut = tuple(rest[start : start + size] for start in range(0, len(rest), size))
    return ((first,) if first else ()) + cut


def choose_fallback(sightings: Sightings, found: Standings, *, besides: Release | None) -> Standing | None:
    """The newest known-good release other than `besides` that is complete on every reachable host."""
    return next((one for one, problem in candidates(sightings, found, besides=besides) if not problem), None)


def candidates(sightings: Sightings, found: Standings, *, besides: Release | None) -> tuple[tuple[Standing, str], ...]:
    """Judged releases but `besides`, newest verdict first, with why each can't be the fallback ("" when it can)."""
    newest = sorted(found.values(), key=lambda one: one.since, reverse=True)
    others = (one for one in newest if besides is None or one.release.commit != besides.commit)
    return tuple((one, _why_not(one, sightings)) for one in others)


def _why_not(standing: Standing, sightings: Sightings) -> str:
    if not standing.eligible:
        return standing.reason if standing.withdrawn or standing.grade is Grade.BAD else "never verified"
    lacking = [s.host for s in sightings if s.reachable and standing.release not in s.releases]
    return f"not complete on {', '.join(lacking)}" if lacking else ""


def _last_known_good(reachable: Sightings, found: Standings) -> Release:
    live = common_live(reachable)
    chosen = choose_fallback(reachable, found, besides=live)
    if chosen is None:
        tried = [f"{one.release.tag}: {why}" for one, why in candidates(reachable, found, besides=live)]
        skipped = f" ({'; '.join(tried)})" if tried else ""
        raise Refused(
            f"nothing to go back to: no other known-good release is on the hosts{skipped}", hint="rollback releases"
        )
    return chosen.release


def _steps(release: Release, sightings: Sightings, groups: tuple[tuple[str, ...], ...]) -> tuple[Step, ...]:
    if all(s.live == release.id and release in s.releases and s.intent is None for s in sightings):
        return (Step(Phase.VERIFY, release, _names(sightings)),)  # it is live already: nothing to switch
    lacking = tuple(s.host for s in sightings if release not in s.releases)
    arrive = (Step(Phase.UPLOAD, release, lacking), Step(Phase.PREPARE, release, lacking)) if lacking else ()
    return arrive + _switches(release, groups)


def _switches(release: Release, groups: tuple[tuple[str, ...], ...]) -> tuple[Step, ...]:
    return tuple(Step(phase, release, group) for group in groups for phase in (Phase.ACTIVATE, Phase.VERIFY))


def _every_host(sightings: Sightings) -> None:
    if not all(s.reachable for s in sightings):
        raise Refused(_problems(sightings), hint="rollback check")


def _problems(sightings: Sightings) -> str:
    return "; ".join(f"{s.host}: {s.problem}" for s in sightings if not s.reachable)


def _not_moved(release: Release, pins: Mapping[str, Release]) -> None:
    pinned = pins.get(release.tag, release)
    if pinned.commit != release.commit:
        raise TagMoved(
            f"tag {release.tag} was moved: it was deployed as {pinned.commit[:12]} and names {release.commit[:12]} now",
            hint="give the new commit a tag of its own, or deploy with --force to pin the tag anew",
        )


def _not_quarantined(release: Release, found: Standings) -> None:
    standing = found.get(release.commit)
    if standing is not None and standing.grade is Grade.BAD:
        raise Refused(
            f"{release.tag} ({release.commit[:12]}) is bad since {standing.since:%Y-%m-%d %H:%M}Z: {standing.reason}",
            hint=f"rollback mark good {release.tag} --reason '…', or --force",
        )


def _earned(release: Release, found: Standings) -> None:
    """A rollback has no canary and no way back: it goes only where somebody has been before."""
    standing = found.get(release.commit)
    if standing is None or standing.grade is not Grade.GOOD:
        raise Refused(
            f"{release.tag} was never verified here, and a rollback has no way back",
            hint=f"rollback deploy {release.tag}; or rollback --to {release.tag} --force",
        )


def _a_way_back(release: Release, fallback: Standing | None, sightings: Sightings, found: Standings) -> None:
    """Without a fallback, only a first release, the live one itself, or one that replaces a bad one may go out."""
    live = {s.live for s in sightings if s.live and s.live != release.id}
    bad = {one.release.id for one in found.values() if one.grade is Grade.BAD}
    unverified = sorted(live - bad)
    if fallback is None and unverified:
        raise Refused(
            f"no fallback: {', '.join(unverified)} is live but not known to be good, so there would be no way back",
            hint=f"rollback verify, then rollback mark good TAG --reason '…'; or deploy {release.tag} --force",
        )


def _names(sightings: Sightings) -> tuple[str, ...]:
    return tuple(s.host for s in sightings)


def _live(sightings: Sightings) -> tuple[tuple[str, str | None], ...]:
    return tuple((s.host, s.live) for s in sightings)
