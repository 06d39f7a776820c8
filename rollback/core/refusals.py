"""What a deploy or a rollback is refused for, by what is known of its release. Pure; each raises Refused or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rollback.core.freeze import Freeze
from rollback.core.history import Standing, Standings
from rollback.errors import Refused, TagMoved
from rollback.model import Grade, Release, Sighting


def not_frozen(freeze: Freeze | None) -> None:
    """A person wants nothing deployed for now."""
    if freeze is not None:
        raise Refused(str(freeze), hint="rollback unfreeze --reason '…'; or deploy this one with --force")


def not_moved(release: Release, pins: Mapping[str, Release]) -> None:
    """A tag is what it was when it was deployed."""
    pinned = pins.get(release.tag, release)
    if pinned.commit != release.commit:
        raise TagMoved(
            f"tag {release.tag} was moved: it was deployed as {pinned.commit[:12]} and names {release.commit[:12]} now",
            hint="give the new commit a tag of its own, or deploy with --force to pin the tag anew",
        )


def is_bad(release: Release, found: Standings) -> bool:
    """The last word on its commit."""
    standing = found.get(release.commit)
    return standing is not None and standing.grade is Grade.BAD


def not_quarantined(release: Release, found: Standings) -> None:
    """What is bad goes nowhere."""
    standing = found.get(release.commit)
    if standing is not None and standing.grade is Grade.BAD:
        raise Refused(f"{_named(release)} is bad since {_since(standing)}", hint=_lifting(release))


def not_withdrawn(release: Release, found: Standings) -> None:
    """What a person rolled back is not deployed again by whoever did not hear of it."""
    standing = found.get(release.commit)
    if standing is not None and standing.withdrawn:
        raise Refused(f"{_named(release)} was taken back at {_since(standing)}", hint=_lifting(release))


def earned(release: Release, found: Standings) -> None:
    """A rollback has no canary and no way back: it goes only where somebody has been before."""
    standing = found.get(release.commit)
    if standing is None or standing.grade is not Grade.GOOD:
        raise Refused(
            f"{release.tag} was never verified here, and a rollback has no way back",
            hint=f"rollback deploy {release.tag}; or rollback --to {release.tag} --force",
        )


def a_way_back(release: Release, fallback: Standing | None, sightings: Sequence[Sighting], found: Standings) -> None:
    """Without a fallback, only a first release, the live one itself, or one that replaces a bad one may go out."""
    live = {s.live for s in sightings if s.live and s.live != release.id}
    bad = {one.release.id for one in found.values() if one.grade is Grade.BAD}
    unverified = sorted(live - bad)
    if fallback is None and unverified:
        raise Refused(
            f"no fallback: {', '.join(unverified)} is live but not known to be good, so there would be no way back",
            hint=f"rollback verify, then rollback mark good TAG --reason '…'; or deploy {release.tag} --force",
        )


def _named(release: Release) -> str:
    return f"{release.tag} ({release.commit[:12]})"


def _since(standing: Standing) -> str:
    return f"{standing.since:%Y-%m-%d %H:%M}Z: {standing.reason}"


def _lifting(release: Release) -> str:
    return f"rollback mark good {release.tag} --reason '…', or --force"
