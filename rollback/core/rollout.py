"""Who is switched together, and who comes after whom: an environment's hosts cut into waves. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from rollback.model import Host

if TYPE_CHECKING:
    from rollback.playbook.resolve import Environment

Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """How many hosts at once: first `canary` (0: none), then `batch` at a time (0: all the others).

    watch: seconds for which a deploy goes on asking after the last of them; pause: the same between two waves; 0: not
    at all. away: how many hosts may be out of reach. groups: hosts that may be switched together, one group after the
    other; a wave is never of two of them. (): all hosts are one group.
    """

    canary: int = 0
    batch: int = 0
    watch: float = 0.0
    pause: float = 0.0
    away: int = 0
    groups: tuple[Group, ...] = ()

    @property
    def back(self) -> Rollout:
        """As a way back goes: to what was live before, so without canary and pause. What was switched last goes back
        first: then only such releases ever meet that met on the way there."""
        return replace(self, canary=0, watch=0.0, pause=0.0, groups=self.groups[::-1])


def rollout(environment: Environment, hosts: Sequence[Host]) -> Rollout:
    """As the playbook has it, for these of the environment's hosts."""
    wanted, watch, count = environment.rollout, environment.verify.watch, len(hosts)
    return Rollout(
        wanted.canary,
        wanted.batch.of(count),
        watch.duration if watch else 0.0,
        wanted.pause,
        wanted.max_unreachable.within(count),
        groups(hosts, wanted.order),
    )


def groups(hosts: Sequence[Host], order: Sequence[str]) -> tuple[Group, ...]:
    """One for each role of `order` and each zone in it, as they come; () where nothing divides the hosts.

    A host with several roles goes with the first of them in `order`; one with none of them, after all.
    """
    turns = {role: turn for turn, role in reversed(tuple(enumerate(order)))}
    found: dict[tuple[int, str], list[str]] = {}
    for host in hosts:
        turn = min((turns[role] for role in host.roles if role in turns), default=len(turns))
        found.setdefault((turn, host.zone), []).append(host.name)
    if len(found) < 2:
        return ()
    return tuple(tuple(found[key]) for key in sorted(found, key=lambda key: key[0]))


def waves(hosts: Sequence[str], rollout: Rollout) -> tuple[Group, ...]:
    """The hosts cut into what is switched together: in the order of the groups, and otherwise as they come."""
    places = {host: place for place, group in enumerate(rollout.groups) for host in group}
    ordered = sorted(hosts, key=lambda host: places.get(host, len(places)))
    first, rest = ordered[: rollout.canary], ordered[rollout.canary :]
    return (*_cut(first, places, rollout.canary), *_cut(rest, places, rollout.batch or len(rest)))


def _cut(hosts: Sequence[str], places: Mapping[str, int], size: int) -> Iterator[Group]:
    for _, alike in groupby(hosts, key=places.get):
        group = tuple(alike)
        yield from (group[start : start + size] for start in range(0, len(group), size))
