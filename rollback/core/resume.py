"""What an operation that did not end left behind, and how it is finished or undone. Pure.

It goes by the records where there are any, and by what the hosts show where there are none: whoever comes next, from
another machine with an empty ledger, must be able to put the fleet in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rollback.core.fallback import last_known_good
from rollback.core.left import Left, Rest
from rollback.core.plan import Known, back, deploy
from rollback.core.refusals import is_bad
from rollback.core.rollout import Rollout
from rollback.core.status import common_live
from rollback.errors import Refused
from rollback.model import Kind, Phase, Plan, Release, Sighting


def resume(sightings: Sequence[Sighting], known: Known, rollout: Rollout) -> Plan | None:
    """The plan that finishes or undoes what was left: by an operation that did not end, or on a host that was away.

    What was verified everywhere is finished, and so is a rollback, and what there is no way back from; any other deploy
    is undone. None: nothing was left, or no host answers. Raises: Refused.
    """
    last = _last_left(_reachable(sightings), known.left)
    if last is not None and _is_to_finish(last, _reachable(sightings), known):
        return _resuming(deploy(last.target, sightings, known, rollout, force=True, away=len(sightings)), known)
    return undo(sightings, known, rollout) or _converge(sightings, known, rollout)


def _is_to_finish(last: Left, reachable: Sequence[Sighting], known: Known) -> bool:
    """Not on hosts that it was not for, nor what a person or a host itself has turned away from since."""
    if last.kind is not Kind.DEPLOY or is_bad(last.target, known.standings):
        return False
    reverted = any(s.intent is not None and s.intent.state == "reverted" for s in reachable)
    here = {s.host for s in reachable} <= last.hosts
    return last.fallback is None or (last.arrived and here and not reverted)


def before_a_deploy(sightings: Sequence[Sighting], known: Known, rollout: Rollout) -> Plan | None:
    """What a deploy puts in order first; what there is no way back from it replaces, and does not finish first."""
    try:
        found = resume(sightings, known, rollout)
    except Refused:
        return None
    return None if found is not None and not found.goes_back and found.fallback is None else found


def undo(sightings: Sequence[Sighting], known: Known, rollout: Rollout) -> Plan | None:
    """The way back from a deploy that did not end, or the rest of a rollback that did not.

    None: nothing was touched, all hosts are there already, or none answers. Raises: Refused.
    """
    reachable = _reachable(sightings)
    last = _last_left(reachable, known.left)
    if last is None and all(s.intent is None or _is_over(s, known.rest) for s in reachable):
        return None
    wanted = _way_out(last, known.rest)
    if wanted is None or is_bad(wanted, known.standings):
        wanted = last_known_good(reachable, known.standings, besides=last.target if last else None)
    found = _resuming(back(Kind.RESUME, wanted, sightings, rollout), known)
    return found if any(step.phase is Phase.ACTIVATE for step in found.steps) else None


def confirm(sightings: Sequence[Sighting], known: Known, rollout: Rollout) -> Plan | None:
    """When operations were cut off and there is nothing to undo: verify what is live, which settles them.

    None: there are none, the hosts differ, or none answers.
    """
    live = common_live(sightings)
    if live is None or not known.left or is_bad(live, known.standings):
        return None
    return replace(back(Kind.RESUME, live, sightings, rollout), resumes=tuple(one.operation for one in known.left))


def _converge(sightings: Sequence[Sighting], known: Known, rollout: Rollout) -> Plan | None:
    """Hosts that were away, and are not where the others are, or did not hear that it is over."""
    wanted, pending = known.rest.release, known.rest.pending
    if wanted is None or is_bad(wanted, known.standings):
        return None
    if not any(s.intent or (s.host in pending and s.live != wanted.id) for s in _reachable(sightings)):
        return None
    return back(Kind.RESUME, wanted, sightings, rollout)


def _is_over(sighting: Sighting, rest: Rest) -> bool:
    """It is where the last operation that settled something left it, and only did not hear the end of that."""
    there = rest.release.id if rest.release else None
    return sighting.intent is not None and sighting.intent.target == there == sighting.live


def _reachable(sightings: Sequence[Sighting]) -> tuple[Sighting, ...]:
    return tuple(s for s in sightings if s.reachable)


def _last_left(reachable: Sequence[Sighting], left: Sequence[Left]) -> Left | None:
    """Of the operations that did not end, the last to touch one of these hosts: it had the lease after all others."""
    here = {s.host for s in reachable}
    return next((one for one in reversed(left) if one.touched & here), None)


def _way_out(last: Left | None, rest: Rest) -> Release | None:
    if last is None:  # what it was is not known; or it did end, and only its intent was left lying
        return rest.release
    return last.fallback if last.kind in {Kind.DEPLOY, Kind.DRILL} else last.target


def _resuming(plan: Plan, known: Known) -> Plan:
    return replace(plan, resumes=tuple(one.operation for one in known.left if one.touched))
