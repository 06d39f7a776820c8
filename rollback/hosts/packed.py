"""A release's package: made once, and how much room a host needs for it."""

from __future__ import annotations

from collections.abc import Callable

from rollback.core.condition import Room
from rollback.errors import RollbackError
from rollback.hosts.requests import Package
from rollback.model import Release

_MARGIN = 1024 * 1024  # bytes for folders and state: agent.sh's check_space asks for as much


def once(package: Callable[[Release], Package]) -> Callable[[Release], Package]:
    """The same, called at most once for a release, also when it failed: a build does not fail twice as slowly."""
    made: dict[Release, Package | RollbackError] = {}

    def packed(release: Release) -> Package:
        if release not in made:
            try:
                made[release] = package(release)
            except RollbackError as error:
                made[release] = error
        found = made[release]
        if isinstance(found, RollbackError):
            raise found
        return found

    return packed


def room(package: Package) -> Room:
    """The archive and what is in it are there at once; both are taken for as large as the latter."""
    return Room(2 * package.size + _MARGIN, package.count)
