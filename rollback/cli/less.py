"""What of a release is sent to a host that has another one, and what is taken from one that has it. The room of sources
is loaded only then."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rollback.cli.session import Session
    from rollback.hosts.requests import Package
    from rollback.model import Release
    from rollback.source.delta import Delta
    from rollback.source.packed import Package as Packed


def less(session: Session, package: Package, base: Release) -> Delta | None:
    """Only what differs; None where what the base holds is not known here without building it: a way back needs no git,
    and then all of it is sent."""
    from platformdirs import user_cache_path

    from rollback.source.delta import delta
    from rollback.source.package import listing

    book = session.playbook
    before = listing(lambda: session.repository, base, book.build, user_cache_path("rollback"))
    return None if before is None else delta(package, base, before, (*book.shared.dirs, *book.shared.files))


def carried(release: Release, came: IO[bytes]) -> Packed:
    """What one host has, for others that lack it. Raises: SourceError."""
    from rollback.source.carried import carried as packed

    return packed(release, came)
