"""The figures as Markdown: how long, how many times as long as we, and until the last host served."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tests.bench.figures import Figures, Row, fleet_name, ratio
from tests.bench.tools import LIMIT, OURS

HEADING = "## How fast it is"  # in README

Cell = Callable[[int, int, str], str]

_PAGE = """\
# How fast a rollback is

Made by `make bench`, on {machine}.
Medians; runs of each tool: {runs}, in turn with the others, after one to warm up. Each host is a real sshd; they share
the processors with whoever rolls them back, so that the ratios tell more than the seconds. All put `current` back to
the release before and restart every host. What `rollback -y` does besides is in its figures: it sees the hosts, plans,
takes the leases, asks each host's app whether the right release answers, and writes everything down; the others verify
nothing. After each run every host was looked at: one that is not back and restarted makes the run count as failed.

![seconds by hosts, for each tool](bench.svg)

## The whole process

Seconds: the median, and from the fastest to the slowest run.

{walls}

## Beside the others

How many times as long as `rollback` the others take; for `rollback` itself, how many times as long as the limit.

{ratios}

## Until the last host serves the old release

Seconds from the start to the last restart, and how many times as long as the limit's whole process.

{servings}
"""


def page(figures: Figures) -> str:
    """The whole of docs/bench.md."""
    text = _PAGE.format(
        machine=figures.machine,
        runs=figures.runs,
        walls=walls(figures),
        ratios=_table(figures, lambda *at: _beside(figures, *at)),
        servings=_table(figures, lambda *at: _serving(figures, *at)),
    )
    return text + "".join(f"\n{line}\n" for line in notes(figures))


def walls(figures: Figures) -> str:
    """The table of medians and spreads."""
    return _table(figures, lambda *at: _spread(figures.row(*at)))


def with_table(readme: str, table: str) -> str:
    """The same text, with this table instead of the one under its heading. Raises ValueError when there is none."""
    before, heading, after = readme.partition(f"\n{HEADING}\n")
    found = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    if found is None:
        raise ValueError(f"there is no table under {HEADING!r}")
    return f"{before}{heading}{after[: found.start()]}{table}\n{after[found.end() :]}"


def notes(figures: Figures) -> list[str]:
    """Who was left out, and which runs did not count."""
    left_out = [f"Not here: {name} ({why})." for name, why in figures.missing]
    failed = [row for row in figures.rows if row.failures]
    return left_out + [
        f"{row.tool} on {fleet_name(row.rtt, row.hosts)}: "
        f"{len(row.failures)} failed, the last with: {row.failures[-1]}."
        for row in failed
    ]


def _table(figures: Figures, cell: Cell) -> str:
    heads = [fleet_name(rtt, hosts) for rtt, hosts in figures.fleets]
    lines = [[tool, *(cell(rtt, hosts, tool) for rtt, hosts in figures.fleets)] for tool in figures.tools]
    return "\n".join(map(_line, [["", *heads], ["---"] * (len(heads) + 1), *lines]))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spread(row: Row | None) -> str:
    if row is None or row.wall is None:
        return "failed" if row else ""
    spread = f" ({min(row.walls):.2f} to {max(row.walls):.2f})" if row.walls[1:] else ""
    return f"{row.wall:.2f}{spread}"


def _beside(figures: Figures, rtt: int, hosts: int, tool: str) -> str:
    to = LIMIT if tool == OURS else OURS
    return _times(ratio(figures.wall(rtt, hosts, tool), figures.wall(rtt, hosts, to)))


def _serving(figures: Figures, rtt: int, hosts: int, tool: str) -> str:
    row = figures.row(rtt, hosts, tool)
    if row is None or row.serving is None:
        return ""
    times = _times(ratio(row.serving, figures.wall(rtt, hosts, LIMIT)))
    return f"{row.serving:.2f} ({times})" if times else f"{row.serving:.2f}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} ×"  # noqa: RUF001 # the sign, not the letter
