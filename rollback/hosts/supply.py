"""Where a release comes from that a host lacks: from git or its cache, or else from a host that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rollback.errors import HostError, RollbackError
from rollback.events import Event, Noticed
from rollback.hosts.requests import Package
from rollback.model import Release
from rollback.text import clean_line


def supplied(
    release: Release,
    package: Callable[[Release], Package],
    having: Iterable[str],
    fetch: Callable[[str, Release], Package],
    tell: Callable[[Event], None],
) -> Package:
    """having: the hosts on which it is complete. Raises: RollbackError, what `package` said, when none of them can."""
    try:
        return package(release)
    except RollbackError as error:
        refused = error
    for host in having:
        tell(Noticed(f"{clean_line(str(refused))}: fetching {clean_line(release.tag)} from {host}"))
        try:
            return fetch(host, release)
        except HostError as error:
            tell(Noticed(f"{host} can't give it: {clean_line(str(error))}"))
    raise refused
