"""What lies between the releases of a plan: of a deploy git tells it, and for every way back what was recorded."""

from __future__ import annotations

from collections.abc import Sequence

from rollback.cli.session import Session
from rollback.core import barrier
from rollback.errors import Refused
from rollback.events import Noticed
from rollback.model import Between, Kind, Plan, Release, Sighting

_FORWARD = "deploy a release that mends it; or, when {tag} can work with the database as it is: --cross-migrations"


def ahead(session: Session, plan: Plan, sightings: Sequence[Sighting], *, force: bool) -> Plan:
    """Of a deploy. Raises: Refused when its release does not know an irreversible migration of what is live."""
    if session.playbook.migrations is None:
        return plan
    weighed = _weighed(session, plan, sightings, lambda old, new: _told(session, old, new))
    if not force:
        barrier.require_no_barrier(weighed, "deploy a release that knows it; or --force")
    return weighed


def behind(session: Session, plan: Plan, sightings: Sequence[Sighting], *, cross: bool) -> Plan:
    """Of everything else: no git is asked. Raises: Refused at a barrier, unless a person says to cross it."""
    if session.playbook.migrations is None:
        return plan
    weighed = _weighed(session, plan, sightings, barrier.recorded(session.ledger.shelf.of_kind("between")))
    if cross or not barrier.crossed(weighed):
        return weighed
    known = session.known()
    if not barrier.is_decided(weighed, known.left, known.rest):
        barrier.require_no_barrier(weighed, _FORWARD.format(tag=plan.target.tag))
    return weighed


def rehearsed(session: Session, plan: Plan, sightings: Sequence[Sighting]) -> Plan:
    """Of a drill, which goes there and back. Raises: Refused at any barrier."""
    weighed = behind(session, plan, sightings, cross=True)
    if barred := (*barrier.crossed(weighed), *weighed.barrier):
        raise Refused(f"a drill would cross {barrier.said(barred)}", hint="rollback status")
    return weighed


def _weighed(session: Session, plan: Plan, sightings: Sequence[Sighting], tell: barrier.Tell) -> Plan:
    up = session.playbook.migrations and session.playbook.migrations.up and plan.kind is Kind.DEPLOY
    run = bool(up) and not barrier.is_run(plan, session.known().left)
    return barrier.weighed(plan, session.releases(sightings), tell, run=run)


def _told(session: Session, old: Release, new: Release) -> Between:
    """By git; what it does not have, as in a shallow clone, may have been recorded."""
    its = session.playbook.migrations
    assert its is not None
    try:
        found = session.repository.migrations(old, new, its.path, its.irreversible)
    except Refused:
        found = Between(old, new, known=False)
    return found if found.known else barrier.recorded(session.ledger.shelf.of_kind("between"))(old, new)


def notice(session: Session, release: Release) -> None:
    """A path that names nothing would find nothing, for ever."""
    its = session.playbook.migrations
    if its is not None and not session.repository.holds(release, its.path):
        session.tell(Noticed(f"{release.tag} has nothing at {its.path}, the playbook's migrations.path"))
