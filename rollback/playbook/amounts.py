"""How many of some things: a number, or a share of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole: `fraction` 0.25 was written 25%."""

    fraction: float

    def of(self, count: int) -> int:
        """This share of `count` things, rounded up, and never none of some: 25% of 3 is 1."""
        return min(count, max(1, ceil(self.fraction * count - 1e-9)))

    def within(self, count: int) -> int:
        """The most that is not more than this share of `count` things: 25% of 3 is none."""
        return floor(self.fraction * count + 1e-9)

    def __str__(self) -> str:
        return f"{self.fraction * 100:g}%"


@dataclass(frozen=True, slots=True)
class Exactly:
    """A number of things, whatever the whole is."""

    count: int

    def of(self, count: int) -> int:
        return min(count, self.count)

    within = of

    def __str__(self) -> str:
        return str(self.count)
