"""Runs the tools in turn, A B C A B C, so that what the machine does meanwhile befalls all of them alike."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.bench.figures import Row
from tests.bench.fleet import Fleet
from tests.bench.tools import CLEAN_UP, Tool, last_line, search_path

_LIMIT = 90.0  # s that a run may take
_SETTLING = 0.3  # s for the hosts to close what a run left open
_CHANCES = 2  # runs that may fail before a tool is left out of its row

Tell = Callable[[str], None]


@dataclass
class Tally:
    """What the runs of one tool came to."""

    tool: Tool
    walls: list[float] = field(default_factory=list)
    servings: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def is_out(self) -> bool:
        return len(self.failures) >= _CHANCES

    def row(self, rtt: int, count: int) -> Row:
        return Row(rtt, count, self.tool.name, tuple(self.walls), tuple(self.servings), tuple(self.failures))


def rows(fleet: Fleet, tools: Sequence[Tool], rtt: int, count: int, runs: int, tell: Tell) -> list[Row]:
    """A row for each tool, of so many runs on `count` hosts, after a round that only warms up."""
    tallies = [Tally(tool) for tool in tools]
    for turn in range(runs + 1):
        tell(f"{rtt} ms, hosts: {count}, {f'run {turn} of {runs}' if turn else 'warming up'}")
        for tally in tallies:
            if not tally.is_out:
                _count(fleet, tally, count, is_warm=turn > 0, tell=tell)
    return [each.row(rtt, count) for each in tallies]


def _count(fleet: Fleet, tally: Tally, count: int, *, is_warm: bool, tell: Tell) -> None:
    try:
        wall, serving = _run(fleet, tally.tool, count)
    except _Failed as failed:
        tally.failures.append(str(failed))
        tell(f"  {tally.tool.name} failed: {failed}")
        return
    if is_warm:
        tally.walls.append(round(wall, 4))
        tally.servings.append(round(serving, 4))


class _Failed(Exception):
    """A run that does not count, and why."""


def _run(fleet: Fleet, tool: Tool, count: int) -> tuple[float, float]:
    """Seconds from its start to its end, and to the restart of the last host."""
    environ = _environ(fleet, count)
    fleet.reset(count)
    (fleet.project.home / "masters").mkdir()
    try:
        if tool.before:
            _finish(fleet, tool.before, environ)
        began, at = time.monotonic(), time.time()
        _finish(fleet, tool.command, environ)
        wall = time.monotonic() - began
        if wrong := fleet.wrong(count):
            raise _Failed(f"{len(wrong)} of {count} hosts are not back, or not restarted: {' '.join(wrong[:5])}")
        return wall, fleet.served_since(count) - at
    finally:
        subprocess.run(CLEAN_UP, env=environ, capture_output=True, check=False, timeout=_LIMIT)
        time.sleep(_SETTLING)


def _finish(fleet: Fleet, command: Sequence[str], environ: dict[str, str]) -> None:
    """Run it to its end, in a group of its own, of which nothing is left behind."""
    said = fleet.folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=fleet.project.checkout,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            code = process.wait(_LIMIT)
        except subprocess.TimeoutExpired:
            raise _Failed(f"not done after {_LIMIT:.0f} s") from None
        finally:
            _end(process)
    if code != 0:
        raise _Failed(f"exit code {code}: {last_line(said.read_text(errors='replace'))}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environ(fleet: Fleet, count: int) -> dict[str, str]:
    return {
        **fleet.project.environ(),
        "PATH": search_path(),
        "BENCH_HOSTS": " ".join(fleet.names[:count]),
        "BENCH_MASTERS": str(fleet.project.home / "masters"),
        "SSH_CONFIG": str(fleet.project.ssh_config),
    }
