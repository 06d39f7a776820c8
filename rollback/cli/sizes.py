"""How much room each release takes: asked of the hosts, since what prepare and builds made there counts, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rollback.cli.session import Session
from rollback.core.status import live_on
from rollback.errors import HostError
from rollback.model import Sighting

_PATIENCE = 20.0  # seconds
_ASK = 'cd -P .. && for one in */; do du -sk "./$one"; done'  # each by itself: hard links are counted in each


def sizes(session: Session, sightings: Sequence[Sighting]) -> Mapping[str, int]:
    """Bytes by release id, of the first host that has it and answers; what nobody tells is left out."""
    wanted = {release.id for s in sightings for release in s.releases}
    found: dict[str, int] = {}
    for host, live in live_on(sightings).items():
        if wanted <= found.keys():
            break
        try:
            said = session.fleet.command(host, _ASK, live, _PATIENCE).stdout
        except HostError:
            continue
        found = dict(_read(said)) | found
    return {one: found[one] for one in wanted & found.keys()}


def _read(said: str) -> Iterator[tuple[str, int]]:
    for line in said.splitlines():
        size, _, name = line.partition("./")
        if size.strip().isdecimal():
            yield name.removesuffix("/"), int(size) * 1024
