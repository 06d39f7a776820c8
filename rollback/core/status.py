"""What an environment looks like now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rollback.core.freeze import Freeze
from rollback.core.history import Standing
from rollback.core.vigil import Alarm
from rollback.model import Migration, Release, Sighting
from rollback.text import hosts

_PROBLEMS = 6  # sentences


@dataclass(frozen=True, slots=True)
class Status:
    """live: the release that is live and settled on every reachable host, else None (drift, or unfinished work).
    fallback: where a rollback would go; candidates: all, newest first, with why one is none.
    unfinished: operations that did not end. pending: hosts that were away when the last one ended.
    to_resume: `rollback resume` would change something. freeze: who wants nothing deployed. alarm: of the long watch.
    barred: irreversible migrations that are live, and that the fallback does not know."""

    app: str
    environment: str
    hosts: tuple[Sighting, ...]
    live: Release | None
    fallback: Standing | None
    candidates: tuple[tuple[Standing, str], ...]
    unfinished: tuple[str, ...]
    pending: tuple[str, ...] = ()
    to_resume: bool = False
    freeze: Freeze | None = None
    alarm: Alarm | None = None
    barred: tuple[Migration, ...] = ()


def problems(sightings: Sequence[Sighting]) -> str:
    """`web1: refused; web2 web3: timed out`: why hosts could not be seen; of many the first few are named. One that
    begins with its host's name does not get it once more."""
    found: dict[str, list[str]] = {}
    for one in sightings:
        if one.problem is not None:
            found.setdefault(one.problem, []).append(one.host)
    said = [
        ("" if names == [problem.partition(" ")[0]] else f"{hosts(names)}: ") + problem.rstrip(".")
        for problem, names in found.items()
    ]
    more = [f"and {len(said) - _PROBLEMS} more problems"] if said[_PROBLEMS:] else []
    return "; ".join((*said[:_PROBLEMS], *more))


def live_on(sightings: Sequence[Sighting]) -> dict[str, Release]:
    """By host, where it is one of our complete releases."""
    return {s.host: release for s in sightings for release in s.releases if release.id == s.live}


def common_live(sightings: Sequence[Sighting]) -> Release | None:
    """What is live on every reachable host and settled; None when they differ or something is unfinished."""
    reachable = [s for s in sightings if s.reachable]
    ids = {s.live for s in reachable}
    if len(ids) != 1 or any(s.intent for s in reachable):
        return None
    return next((release for release in reachable[0].releases if release.id in ids), None)
