"""A plan's steps as they are shown: a line for what is done together, and few lines for many waves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rollback.core.expected import Expected
from rollback.model import Phase, Plan
from rollback.report import words

_MOST = 8  # lines of waves that are alike; of more the first ones are shown, and the rest is counted
_SHOWN = 3
_WIDTH = 18  # cells of what is done

Numbered = tuple[int, tuple[str, ...], tuple[Phase, ...]]  # its number, its hosts, its phases
Row = tuple[str, tuple[Phase, ...], str]


def lines(plan: Plan) -> Iterator[str]:
    """In the plan's order."""
    rows = list(_rows(plan))
    numbers, phases = max(len(number) for number, _, _ in rows), max(_WIDTH, *(len(_said(some)) for _, some, _ in rows))
    for number, some, said in rows:
        yield f"  {number:<{numbers}} {_said(some):<{phases}} {said}"


def _rows(plan: Plan) -> Iterator[Row]:
    idle = " (it is live there already)" if plan.steps[0].phase is Phase.VERIFY else ""
    for phases, group in groupby(_numbered(plan), key=lambda one: one[2]):
        alike = list(group)
        few = alike if len(alike) <= _MOST else alike[:_SHOWN]
        for number, hosts, _ in few:
            yield f"{number}.", phases, f"{words.hosts(hosts)}{idle}{_long(plan, phases)}"
        if few is not alike:
            yield _rest(alike[_SHOWN:])


def takes(expected: Expected | None) -> Iterator[str]:
    """Nothing before the first operation that ended well."""
    if expected is not None:
        waves = f" in {words.count(expected.waves, 'wave')}" if expected.waves > 1 else ""
        yield f"  takes     about {words.seconds(expected.seconds)}{waves}, by what was measured here before"


def _numbered(plan: Plan) -> Iterator[Numbered]:
    together = groupby(plan.steps, key=lambda step: (step.hosts, step.phase is Phase.MIGRATE))
    for number, ((hosts, _), steps) in enumerate(together, 1):
        yield number, hosts, tuple(step.phase for step in steps)


def _rest(alike: Sequence[Numbered]) -> Row:
    (first, _, phases), (last, _, _) = alike[0], alike[-1]
    sizes = [len(hosts) for _, hosts, _ in alike]
    return f"{first}-{last}.", phases, f"{words.count(sum(sizes), 'host')} more, {max(sizes)} at most at a time"


def _said(phases: Sequence[Phase]) -> str:
    return ", ".join(phases)


def _long(plan: Plan, phases: Sequence[Phase]) -> str:
    seconds = max(map(plan.lasts, phases))
    return f" for {words.seconds(seconds)}" if seconds else ""
