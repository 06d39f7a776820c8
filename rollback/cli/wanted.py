"""What deploy and resume plan, from what a person allows and what the hosts show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rollback.cli.session import Session
from rollback.core import plan as planning
from rollback.core import resume as resuming
from rollback.errors import Refused
from rollback.model import Kind, Outcome, Plan, Release, Sighting

_SETTLED = {Outcome.DONE, Outcome.PARTIAL}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person allows. steal: take the lease from this operation. wait: seconds for the lease. away: hosts that a
    deploy may go out without."""

    force: bool = False
    steal: tuple[str, ...] = ()
    wait: float = 0.0
    away: int = 0


def deploy_plan(session: Session, release: Release, terms: Terms, sightings: Sequence[Sighting]) -> Plan:
    """Raises: Refused, TagMoved."""
    known, rollout = session.known(), session.rollout
    return planning.deploy(release, sightings, known, rollout, force=terms.force, away=terms.away)


def first_plan(session: Session, release: Release, terms: Terms, sightings: Sequence[Sighting]) -> Plan:
    """What is to be put in order before the deploy; else the deploy itself. Raises: Refused, TagMoved."""
    if terms.force:
        return deploy_plan(session, release, terms, sightings)
    known = session.known()
    planning.require_deployable(release, sightings, known, terms.away)
    left = resuming.before_a_deploy(sightings, known, session.rollout)
    return left or deploy_plan(session, release, terms, sightings)


def only_settled(done: Plan | None, outcome: Outcome | None, release: Release) -> bool:
    """Is the deploy itself still to come?"""
    return (
        done is not None
        and outcome in _SETTLED
        and (done.kind is Kind.RESUME or (bool(done.resumes) and done.target != release))
    )


def resume_plan(session: Session, sightings: Sequence[Sighting]) -> Plan:
    """Raises: Refused, Unreachable."""
    found = left(session, planning.reachable_of(sightings) and sightings)
    if found is None:
        raise Refused("nothing is left to finish or undo any more", hint="rollback status")
    return found


def left(session: Session, sightings: Sequence[Sighting]) -> Plan | None:
    """What resume would do; None when there is nothing. Raises: Refused."""
    known = session.known()
    unfinished = resuming.resume(sightings, known, session.rollout)
    return unfinished or resuming.confirm(sightings, known, session.rollout)
