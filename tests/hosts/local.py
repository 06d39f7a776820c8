"""A host without SSH: a Transport whose commands are run by a shell of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from rollback.errors import OutsideProtocol, Unreachable
from rollback.model import NOTHING, Host

SHELLS = ("dash", "bash --posix", "busybox sh")
MARK = "ROLLBACK_TEST_MARK"  # in the environment of all that a host runs, so that it is found again


def in_turn(points: Sequence[str]) -> list[tuple[str, str]]:
    """Each of many moments under one of the shells, which take turns."""
    return [(one, SHELLS[place % len(SHELLS)]) for place, one in enumerate(points)]


@dataclass
class LocalShell:
    """shell: stands in for /bin/sh. environment: variables its commands have besides PATH. login: the account's shell,
    which sshd gives a command to.

    drop: how many answers are lost next: the command runs to its end, and its connection is gone.
    """

    shell: str = "dash"
    environment: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    login: str = "/bin/sh"
    drop: int = 0
    closed: bool = False
    last_words: str = ""

    def exec(
        self, command: str, stdin: Iterable[bytes], deadline: float, cap: int, sink: IO[bytes] | None = None
    ) -> tuple[int | None, bytes]:
        words = [self.login, "-c", command.replace("exec /bin/sh ", f"exec {self.shell} ", 1)]
        variables = {"PATH": os.environ["PATH"], **self.environment}
        pipe = subprocess.PIPE
        process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=variables)
        threading.Thread(target=_feed, args=(process, stdin), daemon=True).start()
        said = _Said(process)
        said.thread.join(deadline)
        if said.thread.is_alive():
            raise Unreachable("the host did not finish in time.")
        if self.drop:
            self.drop -= 1
            raise Unreachable("the connection was lost.")
        if len(said.text) > cap:
            raise OutsideProtocol("the host answered too much.")
        status = process.returncode if process.returncode >= 0 else None
        if sink is None:
            return status, said.text
        sink.write(said.text)
        return status, b""

    def dial(self, address: str, port: int) -> socket.socket:
        return socket.create_connection((address, port), timeout=5)

    def close(self) -> None:
        self.closed = True


class _Said:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.text = b""
        self.thread = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self.thread.start()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout:
            self.text = process.stdout.read()
        process.wait()


def _feed(process: subprocess.Popen[bytes], pieces: Iterable[bytes]) -> None:
    assert process.stdin is not None
    try:
        with process.stdin:
            for piece in pieces:
                process.stdin.write(piece)
    except BrokenPipeError:
        pass  # it no longer listens; what it says counts


def fill(root: Path) -> None:
    """Not a byte more fits on its disk."""
    with (root / "junk").open("wb", buffering=0) as junk:
        for size in (65536, 4096, 1):
            try:
                while True:
                    junk.write(b"x" * size)
            except OSError:
                continue


def running(mark: str) -> tuple[int, ...]:
    return tuple(int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if _has(path, mark))


def _has(path: Path, mark: str) -> bool:
    try:
        return f"{MARK}={mark}".encode() in path.read_bytes()
    except OSError:
        return False


def wait_until_nothing_runs(mark: str) -> None:
    wait_until(lambda: not running(mark))


def wait_until(so: Callable[[], bool]) -> None:
    for _ in range(300):
        if so():
            return
        time.sleep(0.1)
    raise AssertionError("it never came true")


def at(host: Host) -> LocalShell:  # noqa: ARG001 - every host is this machine
    """For `rollback.hosts.remote.over`."""
    return LocalShell()
