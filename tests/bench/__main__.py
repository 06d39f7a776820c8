"""`python -m tests.bench` times a rollback beside the tools that people use, for docs/bench.* and README's table.

Linux, and root: each host has mounts of its own, and the hosts a network. `--quick`: few runs, held against what
docs/bench.json says; writes nothing; exit code 1 when a ratio is far worse.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from tests.bench.figures import Figures, Row, read, written
from tests.bench.fleet import fleet
from tests.bench.guard import changes, slower
from tests.bench.measure import rows
from tests.bench.network import network
from tests.bench.plot import drawn
from tests.bench.project import TOP
from tests.bench.table import notes, page, walls, with_table
from tests.bench.tools import OURS, QUICK, TOOLS, Tool, provide

_DOCS, _README = TOP / "docs", TOP / "README.md"
_KEPT = _DOCS / "bench.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--hosts", type=_numbers, default=None, help="default: 1,10,50,100; quick: 1,10")
    parser.add_argument("--rtt", type=_numbers, default=[0, 20], help="ms; default: 0,20")
    parser.add_argument("--runs", type=int, default=None, help="default: 5; quick: 3")
    parser.add_argument("--tools", default="", help="only those whose name has one of these words: ssh,cap")
    parser.add_argument("--out", type=Path, default=_DOCS, help="the folder to write to; default: docs")
    parser.add_argument("--quick", action="store_true", help="compare with docs/bench.json instead of writing it")
    parser.add_argument("--redraw", action="store_true", help="measure nothing: write the rest from bench.json again")
    given = parser.parse_args()
    if given.redraw:
        return _published(read((given.out / "bench.json").read_text()), given.out)
    if os.getuid() != 0 or sys.platform != "linux":
        parser.error("it needs Linux and root: sudo -E make bench")
    if given.quick and not _KEPT.is_file():
        parser.error(f"{_KEPT} is missing, which --quick compares with: make bench")
    signal.signal(signal.SIGTERM, _stop)
    chosen = tuple(tool for tool in TOOLS if _is_wanted(tool, given.tools, given.quick))
    hosts = given.hosts or ([1, 10] if given.quick else [1, 10, 50, 100])
    runs = given.runs or (3 if given.quick else 5)
    for figures in _measured(chosen, sorted(hosts), given.rtt, runs):
        if not given.quick:
            _keep(figures, given.out)
    print(walls(figures), *notes(figures), sep="\n")
    return _compared(figures) if given.quick else _published(figures, given.out)


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _is_wanted(tool: Tool, words: str, quick: bool) -> bool:
    if words:
        return tool.name == OURS or any(word.lower() in tool.name.lower() for word in words.split(","))
    return not quick or tool.name in QUICK


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)  # so that all that was started is ended on the way out


def _measured(chosen: Sequence[Tool], hosts: Sequence[int], rtts: Sequence[int], runs: int) -> Iterator[Figures]:
    """All that is known after each fleet."""
    missing = provide(tuple(chosen))
    here = [tool for tool in chosen if tool.name not in missing]
    found: list[Row] = []
    for rtt in rtts:
        _tell(f"{rtt} ms, hosts: {hosts[-1]}, starting")
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            network(rtt) as net,
            net.entered(),
            fleet(Path(folder), hosts[-1], net) as made,
        ):
            for count in hosts:
                found += rows(made, here, rtt, count, runs, _tell)
                yield Figures(_machine(), runs, tuple(found), tuple(missing.items()))


def _machine() -> str:
    return f"{os.cpu_count()} processors, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def _keep(figures: Figures, out: Path) -> None:
    """At once: it takes a quarter of an hour, and --redraw makes the rest of it when it was cut short."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench.json").write_text(written(figures))


def _published(figures: Figures, out: Path) -> int:
    (out / "bench.md").write_text(page(figures))
    (out / "bench.svg").write_text(drawn(figures))
    if out == _DOCS:
        _README.write_text(with_table(_README.read_text(), walls(figures)))
    return _ours_ran(figures)


def _compared(now: Figures) -> int:
    found = changes(read(_KEPT.read_text()), now)
    if not found:
        print("docs/bench.json has nothing to compare this with")
        return 1
    far = slower(found)
    print(*found, f"far slower than before on: {'; '.join(far)}" if far else "not far slower than before", sep="\n")
    return int(bool(far)) or _ours_ran(now)


def _ours_ran(figures: Figures) -> int:
    """1 when we failed: that is no benchmark's result, but a bug."""
    return int(any(row.failures for row in figures.rows if row.tool == OURS))


if __name__ == "__main__":
    raise SystemExit(main())
