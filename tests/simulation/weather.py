"""What goes wrong, and how often: drawn for every seed anew. Some seeds have one trouble, others all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

# What may become of a request: it never arrives; arrives after its operator gave up; is done, but the answer is lost;
# is done, but what comes back is no answer.
FATES = ("lost", "late", "deaf", "garbled")
# What may happen at a failpoint of the agent: its shell is killed; the power fails.
DEATHS = ("shell", "power")


@dataclass(slots=True)
class Weather:
    """rates: how likely each trouble is. slow: how many times longer everything takes. odd: how often something takes
    much longer than the rest."""

    rng: Random
    rates: dict[str, float] = field(default_factory=dict)
    slow: float = 1.0
    odd: float = 0.02

    @classmethod
    def drawn(cls, rng: Random) -> Weather:
        worst = rng.choice((0.0, 0.02, 0.05, 0.15))
        rates = {one: worst * rng.random() for one in FATES if rng.random() < 0.5}
        deaths = {one: worst * 0.3 * rng.random() for one in DEATHS if rng.random() < 0.4}
        return cls(rng, rates | deaths, rng.choice((0.3, 1.0, 1.0, 4.0)))

    def fate(self) -> str:
        return self._drawn(FATES)

    def death(self) -> str:
        return self._drawn(DEATHS)

    def latency(self) -> float:
        """Seconds, one way."""
        return self.slow * self.rng.uniform(0.01, 20 if self.rng.random() < self.odd else 0.2)

    def work(self, most: float) -> float:
        """Seconds that a command on a host takes."""
        return self.rng.uniform(0, most) if self.rng.random() < self.odd else self.slow * self.rng.uniform(0.05, 2)

    def patience(self, deadline: float) -> float:
        """Seconds until an operator knows that there will be no answer."""
        return self.rng.uniform(0.1, 3) if self.rng.random() < 0.8 else deadline

    def calm(self) -> None:
        self.rates, self.slow, self.odd = {}, 1.0, 0.0

    def _drawn(self, kinds: tuple[str, ...]) -> str:
        if not self.rates:
            return ""
        dice = self.rng.random()
        for kind in kinds:
            dice -= self.rates.get(kind, 0.0)
            if dice < 0:
                return kind
        return ""
