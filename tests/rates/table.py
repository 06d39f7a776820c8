"""Many simulated deploys, counted: what was decided of each kind, and how sure one can be of the rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import sqrt
from random import Random

from rollback.model import Outcome
from tests.rates.deploy import Decided, deploy
from tests.rates.kinds import KINDS, Kind

_Z = 1.96  # 95 %


@dataclass(slots=True)
class Row:
    """All deploys of one kind."""

    kind: Kind
    decided: Counter[Outcome] = field(default_factory=Counter)
    wrong: int = 0

    def enter(self, one: Decided) -> None:
        self.decided[one.outcome] += 1
        self.wrong += is_wrong(self.kind, one)

    @property
    def count(self) -> int:
        return self.decided.total()

    @property
    def right(self) -> int:
        return sum(self.decided[outcome] for outcome in self.kind.right)


def is_wrong(kind: Kind, one: Decided) -> bool:
    """A miss: a guilty release is taken for good. A false positive: an innocent one is condemned, or taken off."""
    if kind.guilty:
        return one.outcome is Outcome.DONE
    return one.condemned or one.outcome is Outcome.ROLLED_BACK


def measured(count: int, seed: int, kinds: Sequence[Kind] = KINDS) -> tuple[Row, ...]:
    """So many deploys, of all kinds in turn."""
    rows = tuple(map(Row, kinds))
    for number in range(count):
        row = rows[number % len(rows)]
        name = f"{seed}:{number}"
        row.enter(deploy(name, *row.kind.draw(Random(name))))
    return rows


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share. Wilson (1927), doi:10.1080/01621459.1927.10502953."""
    share, square = hits / count, _Z**2 / count
    middle = share + square / 2
    reach = _Z * sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, (middle - reach) / (1 + square)), min(1.0, (middle + reach) / (1 + square))


def lines(rows: Sequence[Row]) -> Iterator[str]:
    yield f"{'release':<32}{'deploys':>8}{'good':>7}{'back':>7}{'held':>7}{'other':>7}{'right':>8}{'wrong':>7}"
    for row in rows:
        named = (Outcome.DONE, Outcome.ROLLED_BACK, Outcome.HELD)
        counts = [row.decided[outcome] for outcome in named]
        cells = "".join(f"{one:>7}" for one in (*counts, row.count - sum(counts)))
        yield f"{row.kind.name:<32}{row.count:>8}{cells}{row.right / row.count:>8.0%}{row.wrong:>7}"
    yield ""
    yield _rate("false positives", (row for row in rows if not row.kind.guilty))
    yield _rate("misses", (row for row in rows if row.kind.guilty))


def _rate(what: str, rows: Iterable[Row]) -> str:
    every = tuple(rows)
    wrong, count = sum(row.wrong for row in every), sum(row.count for row in every)
    low, high = wilson(wrong, count)
    return f"{what}: {wrong} of {count} ({wrong / count:.2%}; 95 % interval {low:.2%} to {high:.2%}, Wilson)"
