"""What deploy and resume plan, from what a person allows and what the hosts show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rollback.cli.migrations import ahead, behind
from rollback.cli.session import Session
from rollback.core import plan as planning
from rollback.core import resume as resuming
from rollback.core.plan import Known
from rollback.errors import Refused
from rollback.model import Kind, Outcome, Plan, Release, Sighting

_SETTLED = {Outcome.DONE, Outcome.PARTIAL}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person allows. steal: take the lease from this operation. wait: seconds for the lease. away: hosts that a
    deploy may go out without. cross: go back across irreversible migrations. reason: why they roll back."""

    force: bool = False
    steal: tuple[str, ...] = ()
    wait: float = 0.0
    away: int = 0
    cross: bool = False
    reason: str = ""


def deploy_plan(session: Session, release: Release, terms: Terms, sightings: Sequence[Sighting]) -> Plan:
    """Raises: Refused, TagMoved."""
    session.regard(release)
    known, rollout = session.known(), session.rollout
    plan = planning.deploy(release, sightings, known, rollout, force=terms.force, away=terms.away)
    return ahead(session, plan, sightings, force=terms.force)


def first_plan(session: Session, release: Release, terms: Terms, sightings: Sequence[Sighting]) -> Plan:
    """What is to be put in order before the deploy; else the deploy itself. Raises: Refused, TagMoved."""
    if terms.force:
        return deploy_plan(session, release, terms, sightings)
    session.regard(release)
    known = session.known()
    planning.require_deployable(release, sightings, known, max(terms.away, session.rollout.away))
    return _before(session, known, sightings) or deploy_plan(session, release, terms, sightings)


def _before(session: Session, known: Known, sightings: Sequence[Sighting]) -> Plan | None:
    """What a barrier keeps from being undone, a deploy replaces."""
    left = resuming.before_a_deploy(sightings, known, session.rollout)
    try:
        return behind(session, left, sightings, cross=False) if left else None
    except Refused:
        return None


def rollback_plan(session: Session, to: Release | None, terms: Terms, sightings: Sequence[Sighting]) -> Plan:
    """to: None: what was left first, else the last known good. Raises: Refused, Unreachable."""
    session.regard(*filter(None, (to,)))
    known, rollout = session.known(), session.rollout
    left = None if to else resuming.undo(sightings, known, rollout)
    plan = left or planning.rollback(to, sightings, known, rollout, force=terms.force)
    return behind(session, replace(plan, reason=terms.reason), sightings, cross=terms.cross)


def only_settled(done: Plan | None, outcome: Outcome | None, release: Release) -> bool:
    """Is the deploy itself still to come?"""
    return (
        done is not None
        and outcome in _SETTLED
        and (done.kind is Kind.RESUME or (bool(done.resumes) and done.target != release))
    )


def resume_plan(session: Session, terms: Terms, sightings: Sequence[Sighting]) -> Plan:
    """Raises: Refused, Unreachable."""
    found = left(session, planning.reachable_of(sightings) and sightings)
    if found is None:
        raise Refused("nothing is left to finish or undo any more", hint="rollback status")
    return behind(session, found, sightings, cross=terms.cross)


def left(session: Session, sightings: Sequence[Sighting]) -> Plan | None:
    """What resume would do; None when there is nothing. Raises: Refused."""
    known = session.known()
    unfinished = resuming.resume(sightings, known, session.rollout)
    return unfinished or resuming.confirm(sightings, known, session.rollout)
