"""Whether we got slower, by ratios: seconds are a machine's, but how we stand beside ssh on the same machine stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.figures import Figures, fleet_name, ratio
from tests.bench.tools import OURS

FACTOR, SLACK = 1.8, 0.3  # a ratio may be so many times what it was, and so much more: CI's machines are not quiet


@dataclass(frozen=True)
class Change:
    """before, now: how many times as long we take as the other tool, on the same fleet."""

    rtt: int
    hosts: int
    tool: str
    before: float
    now: float

    @property
    def bound(self) -> float:
        return self.before * FACTOR + SLACK

    @property
    def is_far_worse(self) -> bool:
        return self.now > self.bound

    def __str__(self) -> str:
        verdict = "far worse" if self.is_far_worse else "as before"
        sentence = f"{self.now:.2f} times {self.tool}, was {self.before:.2f}, bound {self.bound:.2f}: {verdict}"
        return f"{fleet_name(self.rtt, self.hosts)}: {sentence}"


def changes(before: Figures, now: Figures) -> tuple[Change, ...]:
    """For every fleet and every other tool that both measured."""
    return tuple(_changes(before, now))


def slower(found: Sequence[Change]) -> tuple[str, ...]:
    """The fleets on which we are far worse beside every other tool: beside one alone, that one may have been lucky."""
    fleets = dict.fromkeys((change.rtt, change.hosts) for change in found)
    return tuple(fleet_name(*fleet) for fleet in fleets if all(_of(found, *fleet)))


def _of(found: Sequence[Change], rtt: int, hosts: int) -> Iterator[bool]:
    return (change.is_far_worse for change in found if (change.rtt, change.hosts) == (rtt, hosts))


def _changes(before: Figures, now: Figures) -> Iterator[Change]:
    for rtt, hosts in now.fleets:
        for tool in now.tools:
            was, is_now = (_beside(each, rtt, hosts, tool) for each in (before, now))
            if tool != OURS and was is not None and is_now is not None:
                yield Change(rtt, hosts, tool, was, is_now)


def _beside(figures: Figures, rtt: int, hosts: int, tool: str) -> float | None:
    return ratio(figures.wall(rtt, hosts, OURS), figures.wall(rtt, hosts, tool))
