"""Ready to deploy, and to roll back? Looks every host over and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.expected import Expected, rehearsed, way_back
from rollback.core.fallback import choose_fallback
from rollback.core.ready import Wanted, at_rest, findings, red, thaw
from rollback.core.rollout import waves
from rollback.core.status import common_live
from rollback.errors import Refused
from rollback.model import Release, Sighting
from rollback.report import readiness

_MEASURED = 200  # operations: what was measured before them says little of today


def check(options: Options) -> Reply:
    with Session(options) as session:
        session.require_usable()
        sightings = session.sight()
        live = common_live(sightings)
        standing = choose_fallback(sightings, session.known().standings, besides=live)
        fallback = standing.release if standing else None
        conditions = session.fleet.inspect(*filter(None, (fallback, live)))()
        wanted = Wanted(fallback, _sources(session, fallback, sightings), live)
        known, now = session.known(), datetime.now(UTC)
        rest = at_rest(sightings, tuple(one.operation for one in known.left), now)
        found = (*findings(conditions, wanted), *rest, *thaw(known.freeze, now))
        expected = _estimate(session)
        last = rehearsed(session.ledger.shelf.of_kind("drilled"))
        session.say(
            *readiness.lines(found, len(session.hosts)),
            *readiness.way_back(standing),
            readiness.takes(expected),
            *readiness.rehearsed(last),
        )
        data = {"findings": found, "hosts": conditions, "fallback": standing, "estimate": expected, "rehearsed": last}
        said = readiness.sentence(found, fallback)
        if red(found):
            return Reply(data, (f"✗ {said}",), 3, said, readiness.hint(found, fallback, session.hosts))
        return Reply(data, (f"✓ {said}",), 0, said, "rollback deploy TAG")


def _sources(session: Session, release: Release | None, sightings: Sequence[Sighting]) -> tuple[str, ...]:
    """Where a host that lacks it would get it from, in the order in which they are tried."""
    seen = [s for s in sightings if s.reachable]
    if release is None or all(release in s.releases for s in seen):
        return ()
    return (*_here(session, release), *(s.host for s in seen if release in s.releases))


def _here(session: Session, release: Release) -> Iterable[str]:
    from platformdirs import user_cache_path

    from rollback.source.package import is_kept

    if is_kept(release, session.playbook.build, user_cache_path("rollback")):
        yield "this machine's cache"
    with suppress(Refused):  # no repository here
        if session.repository.has(release):
            yield "git"


def _estimate(session: Session) -> Expected | None:
    names = tuple(host.name for host in session.hosts)
    measured = session.ledger.shelf.read(session.ledger.shelf.newest(_MEASURED))
    return way_back(len(waves(names, session.rollout.back)), measured)
