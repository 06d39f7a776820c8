"""Which releases each host has complete, as far as the hosts were seen and brought them."""

from __future__ import annotations

from collections.abc import Iterable

from rollback.model import Release, Sighting


class Complete:
    """Of the hosts of one fleet, by name."""

    def __init__(self) -> None:
        self._there: set[tuple[str, str]] = set()  # (host, release id)
        self._bases: dict[str, Release | None] = {}

    def has(self, host: str, release: Release) -> bool:
        return (host, release.id) in self._there

    def add(self, host: str, release: Release) -> None:
        self._there.add((host, release.id))

    def base(self, host: str) -> Release | None:
        """What a new release can be built on there: what is live, or else what was, or any that is complete."""
        found = self._bases.get(host)
        return found if found and self.has(host, found) else None

    def drop(self, hosts: Iterable[str], ids: Iterable[str]) -> None:
        gone = tuple(ids)
        self._there -= {(host, one) for host in hosts for one in gone}

    def note(self, sightings: tuple[Sighting, ...]) -> tuple[Sighting, ...]:
        """What a host that was seen showed replaces what was known of it. Gives them back as they are."""
        for one in sightings:
            if one.reachable:
                self._there = {pair for pair in self._there if pair[0] != one.host}
                self._there |= {(one.host, release.id) for release in one.releases}
                self._bases[one.host] = _nearest(one)
        return sightings


def _nearest(seen: Sighting) -> Release | None:
    wanted = [release for one in (seen.live, seen.previous) for release in seen.releases if release.id == one]
    return next(iter((*wanted, *seen.releases)), None)
