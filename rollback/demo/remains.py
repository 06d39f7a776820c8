"""The processes of a world, known by id or by the mark in their environment, and their end.

Only what a world started is ended: an id counts together with the process's time of birth, because ids are used again.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rollback.demo.processes import end_descendants

MARK = "ROLLBACK_DEMO_WORLD"  # what the hosts' processes carry in their environment: the world's folder


def notes(world: Path) -> Path:
    """Where the ids of its servers stand: by this file a world is known."""
    return world / "processes"


def note(world: Path, pid: int) -> None:
    """Remember a server of this world, so that `end` finds it, from another process, too."""
    with notes(world).open("a") as file:
        file.write(f"{pid} {_born(pid)}\n")


def end(world: Path) -> None:
    """End every process of this world: its servers, then what their sessions left on the hosts. Idempotent."""
    for pid in filter(_alive, _noted(world)):
        # Stopped first, so that it cannot start another process while we end the ones there are.
        _signal(pid, signal.SIGSTOP)
        end_descendants(pid)
        _end(pid)
    while left := marked(world):
        for pid in left:
            _end(pid)


def marked(world: Path) -> list[int]:
    """Processes that this world's hosts started and that still live."""
    return [pid for pid in _everyone() if _alive(pid) and _carries(pid, f"{MARK}={world}".encode())]


def _end(pid: int) -> None:
    """No goodbye: whoever ends a world has no more requests in it."""
    _signal(pid, signal.SIGKILL)
    while _alive(pid):
        time.sleep(0.005)


def _noted(world: Path) -> list[int]:
    if not notes(world).exists():
        return []
    pairs = (line.split() for line in notes(world).read_text().splitlines())
    return [int(pid) for pid, born in pairs if _born(int(pid)) == born]


def _everyone() -> Iterable[int]:
    return (int(path.name) for path in Path("/proc").glob("[0-9]*") if int(path.name) != os.getpid())


def _carries(pid: int, mark: bytes) -> bool:
    with suppress(OSError):
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return False


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _alive(pid: int) -> bool:
    """A dead process that nobody has buried yet does not count."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def _born(pid: int) -> str:
    """The clock tick since boot at which it was started; empty when there is no such process."""
    return "".join(_stat(pid)[19:20])


def _stat(pid: int) -> list[str]:
    """proc(5)'s fields of /proc/PID/stat from the third (the state) on."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return []
