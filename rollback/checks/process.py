"""A command of the user's, run here with sh in a process group of its own, which ends when its time is up."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from rollback.errors import UsageError
from rollback.text import clean_line

_TAIL = 16 * 1024  # bytes of output kept
_LISTEN = 0.1  # seconds between two looks at whether anybody still waits
_GRACE = 2.0  # seconds from TERM to KILL
_LAST_WORDS = 0.5  # seconds; what it left behind in the background may hold its output open for ever


@dataclass(frozen=True, slots=True)
class Ended:
    """status: the exit status, or minus the signal. late: it was ended by us."""

    status: int
    output: str
    late: bool


def run(command: str, folder: Path, environ: Mapping[str, str], seconds: float, stopped: Callable[[], bool]) -> Ended:
    """Until it ends, its time is up, or nobody waits any more. Raises: UsageError when it can't be begun."""
    process = _begun(command, folder, environ)
    tail = _Tail(process)
    late = not _ends(process, time.monotonic() + seconds, stopped)
    if late:
        _end(process)
    return Ended(process.wait(), tail.read(), late)


def _begun(command: str, folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"it could not be run in {clean_line(str(folder))}: {clean_line(str(error))}") from error


def _ends(process: subprocess.Popen[bytes], deadline: float, stopped: Callable[[], bool]) -> bool:
    while time.monotonic() < deadline and not stopped():
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LISTEN)
            return True
    return process.poll() is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole group, children and all."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class _Tail:
    """Reads all that is written, so that nobody waits to write, and keeps the last of it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._kept = b""
        self._thread = threading.Thread(target=self._run, args=(process,), daemon=True, name="suite")
        self._thread.start()

    def _run(self, process: subprocess.Popen[bytes]) -> None:
        assert isinstance(process.stdout, BufferedReader)
        with process.stdout:
            while some := process.stdout.read1(_TAIL):
                self._kept = (self._kept + some)[-_TAIL:]

    def read(self) -> str:
        self._thread.join(_LAST_WORDS)
        return self._kept.decode("utf-8", "backslashreplace")
