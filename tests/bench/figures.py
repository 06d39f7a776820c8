"""What was measured, as values: rows of seconds, their medians and ratios. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One tool's good runs on one fleet. rtt: ms. walls: s for the whole process; servings: s to the last restart."""

    rtt: int
    hosts: int
    tool: str
    walls: tuple[float, ...]
    servings: tuple[float, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def wall(self) -> float | None:
        return median(self.walls) if self.walls else None

    @property
    def serving(self) -> float | None:
        return median(self.servings) if self.servings else None


@dataclass(frozen=True)
class Figures:
    """A whole benchmark. missing: by name, why a tool took no part."""

    machine: str
    runs: int
    rows: tuple[Row, ...]
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def tools(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.tool for row in self.rows))

    @property
    def fleets(self) -> tuple[tuple[int, int], ...]:
        """(rtt, hosts), each once, as they were measured."""
        return tuple(dict.fromkeys((row.rtt, row.hosts) for row in self.rows))

    def row(self, rtt: int, hosts: int, tool: str) -> Row | None:
        return next((row for row in self.rows if (row.rtt, row.hosts, row.tool) == (rtt, hosts, tool)), None)

    def wall(self, rtt: int, hosts: int, tool: str) -> float | None:
        return row.wall if (row := self.row(rtt, hosts, tool)) else None


def fleet_name(rtt: int, hosts: int) -> str:
    return f"{hosts} host{'s' * (hosts > 1)}, {rtt} ms"


def ratio(of: float | None, to: float | None) -> float | None:
    """How many times as long; None when either was not measured."""
    return of / to if of is not None and to else None


def written(figures: Figures) -> str:
    """As JSON, a line for each row, so that a diff can be read."""
    body = asdict(figures)
    rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in body.pop("rows"))
    head = json.dumps(body, ensure_ascii=False, indent=1).removesuffix("\n}")
    return f'{head},\n "rows": [\n{rows}\n ]\n}}\n'


def read(text: str) -> Figures:
    """The inverse of `written`. Raises KeyError, TypeError or ValueError for anything else."""
    body = json.loads(text)
    return Figures(
        body["machine"],
        body["runs"],
        tuple(_row(row) for row in body["rows"]),
        tuple((name, why) for name, why in body["missing"]),
    )


def _row(body: dict[str, object]) -> Row:
    lists = {name: tuple(value) for name, value in body.items() if isinstance(value, Sequence) and name != "tool"}
    return Row(**{**body, **lists})  # type: ignore[arg-type]
