"""What a process has started, found in /proc and ended by id: nothing that somebody else started is ever touched."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path


def end_descendants(pid: int) -> None:
    """Kill the descendants until none is left: one may have forked while we were reading."""
    while living := _descendants(pid):
        for child in living:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


def _descendants(pid: int) -> set[int]:
    parents = dict(filter(None, map(_family, Path("/proc").glob("[0-9]*"))))
    found: set[int] = set()
    fresh = {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def _family(process: Path) -> tuple[int, int] | None:
    """(pid, parent's pid), None for what is gone or is only waiting to be reaped."""
    try:
        state, parent = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else (int(process.name), int(parent))
