"""What a large fleet costs the operator's machine, without a network: `python -m tests.bench.large [HOSTS …]`.

Each size is measured in a process of its own: CPU seconds to read the playbook, to plan, to judge (the whole walk, one
check a host, every record made a line), to read the books again, and to show plan and status; and its peak of MiB.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

SIZES = (10, 100, 1_000, 10_000)
_T = TypeVar("_T")
_BOOK = """\
app: shop
root: /srv/shop
environments:
  production:
    hosts:
{hosts}
    rollout: {{canary: 1, batch: 5%}}
checks:
  - name: up
    http: {{path: /healthz, port: "{{{{host.vars.port}}}}"}}
    expect: {{status: 200}}
"""
_HOST = '      - {{name: web{0}, address: "10.{1}.{2}.{3}", roles: [web], zone: z{4}, vars: {{port: "8001"}}}}'


def playbook(count: int) -> bytes:
    """Hosts in four zones, with what hosts have."""
    places = ((one, one >> 16 & 255, one >> 8 & 255, one & 255, one % 4) for one in range(count))
    return _BOOK.format(hosts="\n".join(_HOST.format(*place) for place in places)).encode()


class Stopwatch:
    """CPU seconds, by what was done."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def __call__(self, what: str, work: Callable[[], _T]) -> _T:
        begun = time.process_time()
        done = work()
        self.spent[what] = self.spent.get(what, 0.0) + time.process_time() - begun
        return done


def measured(count: int) -> dict[str, float]:
    """One deploy to so many hosts, wave by wave, all of them well, and the look at the fleet after it."""
    from rich.console import Console

    from rollback.core import plan as planning
    from rollback.core.expected import expected
    from rollback.core.fallback import candidates, choose_fallback
    from rollback.core.rollout import rollout
    from rollback.core.status import Status, common_live
    from rollback.operation.outcome import operate
    from rollback.playbook.load import parse
    from rollback.report import plan as plans
    from rollback.report import status, waves
    from tests.bench.books import Books
    from tests.build import V1, V3, judged, known
    from tests.operation.world import POLICY, World

    watch, said = Stopwatch(), Console(file=io.StringIO(), width=100)
    book = watch("parse", lambda: parse(playbook(count), Path("/shop.yml"), "shop.yml"))
    environment = watch("parse", book.environment)
    names = [host.name for host in environment.hosts]
    world, past = World(dict.fromkeys(names, V1)), known(judged(1, V1))
    seen = world.sight()
    plan = watch("plan", lambda: planning.deploy(V3, seen, past, rollout(environment, environment.hosts)))
    books = Books(world)
    ending = watch("judge", lambda: operate(plan, POLICY, books.ports()))
    assert ending.outcome == "done", ending.reason
    after = watch("books", books.read)

    def shown() -> None:
        for line in (*plans.lines(plan, "production", past.standings), *waves.takes(expected(plan, after))):
            said.print(line)
        now, worth = world.sight(), known(*after).standings
        fallback = choose_fallback(now, worth, besides=V3)
        table = Status(
            "shop", "production", now, common_live(now), fallback, candidates(now, worth, besides=V3), (), ()
        )
        for part in status.status(table, worth):
            said.print(part)

    watch("show", shown)
    return {**watch.spent, "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def table(sizes: tuple[int, ...]) -> str:
    """As Markdown."""
    rows = [dict(_alone(count)) for count in sizes]
    heads = ["hosts", *(f"{head}, s" if head != "MiB" else head for head in rows[0])]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for count, row in zip(sizes, rows, strict=True):
        cells = (f"{value:.0f}" if head == "MiB" else f"{value:.2f}" for head, value in row.items())
        lines.append(f"| {count} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _alone(count: int) -> list[tuple[str, float]]:
    """In a process of its own, whose peak is its own."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.large", "--one", str(count)], check=True, capture_output=True, text=True
    )
    return [(name, float(value)) for name, value in (line.split() for line in run.stdout.splitlines())]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        for name, value in measured(int(sys.argv[2])).items():
            print(name, value)
    else:
        print(table(tuple(map(int, sys.argv[1:])) or SIZES))
