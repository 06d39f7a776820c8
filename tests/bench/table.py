"""The figures as Markdown: how long, how many times as long as we, and until the last host served."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.bench.figures import Figures, Row, ratio
from tests.bench.tools import LIMIT, OURS

Cell = Callable[[int, int, str], str]

_PAGE = """\
# How fast a rollback is

Made by `make bench`, on {machine}; the median of {runs} runs, the tools in turn, the hosts and whoever rolls them back
on the same processors. Each host is a real sshd. All put `current` back to the release before and restart; what
`rollback -y` does besides is in its figures: it sees the hosts, plans, takes the leases, asks each host's app whether the
right release answers, and writes everything down. After each run it was looked whether every host was back and restarted.

![seconds by hosts, for each tool](bench.svg)

## The whole process

Seconds: the median, and from the fastest to the slowest run.

{walls}

## Beside the others

How many times as long as `rollback` the others take; for `rollback` itself, as the limit.

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


def notes(figures: Figures) -> list[str]:
    """Who was left out, and which runs did not count."""
    left_out = [f"Not here: {name} ({why})." for name, why in figures.missing]
    failed = [row for row in figures.rows if row.failures]
    return left_out + [
        f"{row.tool} failed {len(row.failures)} times on {row.hosts} hosts, {row.rtt} ms: {row.failures[-1]}."
        for row in failed
    ]


def _table(figures: Figures, cell: Cell) -> str:
    heads = [f"{hosts} host{'s' * (hosts > 1)}, {rtt} ms" for rtt, hosts in figures.fleets]
    lines = [[tool, *(cell(rtt, hosts, tool) for rtt, hosts in figures.fleets)] for tool in figures.tools]
    return "\n".join(map(_line, [["", *heads], ["---"] * (len(heads) + 1), *lines]))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spread(row: Row | None) -> str:
    if row is None or row.wall is None:
        return "failed" if row else ""
    return f"{row.wall:.2f} ({min(row.walls):.2f}–{max(row.walls):.2f})"


def _beside(figures: Figures, rtt: int, hosts: int, tool: str) -> str:
    of, to = (LIMIT, OURS)[:: -1 if tool == OURS else 1] if tool in {OURS, LIMIT} else (tool, OURS)
    return _times(ratio(figures.wall(rtt, hosts, of), figures.wall(rtt, hosts, to)))


def _serving(figures: Figures, rtt: int, hosts: int, tool: str) -> str:
    row = figures.row(rtt, hosts, tool)
    if row is None or row.serving is None:
        return ""
    return f"{row.serving:.2f} {_times(ratio(row.serving, figures.wall(rtt, hosts, LIMIT)))}".rstrip()


def _times(value: float | None) -> str:
    return "" if value is None else f"× {value:.2f}"
