"""Where a rollback would go: the newest known-good release that the hosts have, or that one of them can give. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rollback.core.history import Standing, Standings
from rollback.core.status import common_live
from rollback.errors import Refused
from rollback.model import Grade, Release, Sighting

Candidate = tuple[Standing, str]


def choose_fallback(sightings: Sequence[Sighting], found: Standings, *, besides: Release | None) -> Standing | None:
    """The newest known-good release other than `besides` that is complete on every reachable host.

    Where none is, the newest that some host has: the others can be brought it.
    """
    every = candidates(sightings, found, besides=besides)
    there = {release for s in sightings if s.reachable for release in s.releases}
    anywhere = (one for one, _ in every if one.eligible and one.release in there)
    return next((one for one, problem in every if not problem), None) or next(anywhere, None)


def candidates(sightings: Sequence[Sighting], found: Standings, *, besides: Release | None) -> tuple[Candidate, ...]:
    """Judged releases but `besides`, newest verdict first, with why each is not complete and good ("" when it is)."""
    others = (one for one in reversed(tuple(found.values())) if besides is None or one.release.commit != besides.commit)
    return tuple((one, _why_not(one, sightings)) for one in others)


def way_back(release: Release, reachable: Sequence[Sighting], found: Standings) -> Standing | None:
    """From a deploy of `release`: what people had, when that is known to be good; else the fallback."""
    live = common_live(reachable)
    standing = found.get(live.commit) if live else None
    if live is not None and live.commit != release.commit and standing is not None and standing.eligible:
        return standing
    return choose_fallback(reachable, found, besides=release)


def last_known_good(sightings: Sequence[Sighting], found: Standings, *, besides: Release | None) -> Release:
    """The fallback; raises Refused with why each candidate is none."""
    chosen = choose_fallback(sightings, found, besides=besides)
    if chosen is None:
        raise Refused(
            f"nothing to go back to: no other known-good release is on the hosts"
            f"{_skipped(candidates(sightings, found, besides=besides))}",
            hint="rollback releases",
        )
    return chosen.release


def _skipped(tried: Iterable[Candidate]) -> str:
    said = "; ".join(f"{one.release.tag}: {why}" for one, why in tried)
    return f" ({said})" if said else ""


def _why_not(standing: Standing, sightings: Sequence[Sighting]) -> str:
    if not standing.eligible:
        return standing.reason if standing.withdrawn or standing.grade is Grade.BAD else "never verified"
    lacking = [s.host for s in sightings if s.reachable and standing.release not in s.releases]
    return f"not complete on {', '.join(lacking)}" if lacking else ""
