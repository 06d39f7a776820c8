"""A process that has loaded all of rollback, and forks an operator for whoever asks.

Most of what a short command costs is loading, and the tests run hundreds. An operator is a process of its own, with its
own environment and folder, and may be killed like any other; who asked is told its id, and then how it ended.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from tests.cli.command import Ran

MEMORY = 300 * 1024  # KiB that an operator may take, all that is loaded included
_PATIENCE = 180.0  # seconds until a command that has not ended never will


@dataclass(frozen=True)
class Operator:
    """A `rollback` that runs."""

    pid: int
    _told: socket.socket
    _out: Path
    _err: Path

    @property
    def err(self) -> str:
        """What it has printed so far."""
        return self._err.read_text("utf-8", "backslashreplace") if self._err.exists() else ""

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def until(self, words: str) -> None:
        """Until it has said that on stderr."""
        deadline = time.monotonic() + _PATIENCE
        while not self._err.exists() or words not in self._err.read_text("utf-8", "backslashreplace"):
            assert time.monotonic() < deadline, f"it never said {words!r}"
            time.sleep(0.05)

    def wait(self) -> Ran:
        """Raises TimeoutError."""
        code, peak = map(int, self._told.recv(64).split())
        assert peak < MEMORY, f"it took {peak} KiB"
        return Ran(code, *(path.read_text("utf-8", "backslashreplace") for path in (self._out, self._err)))


def begun(folder: Path, *words: str, cwd: Path, environ: Mapping[str, str]) -> Operator:
    """`rollback words…`, without a terminal. folder: for what it prints."""
    said = Path(tempfile.mkdtemp(prefix="said-", dir=folder))
    paths = said / "out", said / "err"
    wanted = {"words": words, "cwd": str(cwd), "out": str(paths[0]), "err": str(paths[1]), "environ": dict(environ)}
    told = socket.socket(socket.AF_UNIX)
    told.settimeout(_PATIENCE)
    told.connect(_server())
    told.sendall(json.dumps(wanted).encode() + b"\n")
    return Operator(int(told.recv(16)), told, *paths)


@cache
def _server() -> str:
    """One for each process of the tests, as long as that lives."""
    place = Path(tempfile.mkdtemp(prefix="warm-"), "socket")
    process = subprocess.Popen([sys.executable, "-m", "tests.warm", str(place)], stdin=subprocess.DEVNULL)
    atexit.register(process.kill)
    while not place.exists():
        assert process.poll() is None
        time.sleep(0.05)
    return str(place)


def serve(path: str) -> NoReturn:
    import rollback

    for module in pkgutil.walk_packages(rollback.__path__, "rollback."):
        if ".demo" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("git")  # what a command loads late
    gc.collect()
    gc.freeze()  # else each operator's first collection copies all of this
    server = socket.socket(socket.AF_UNIX)
    server.settimeout(5)
    server.bind(path)
    server.listen(64)
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            asked, _ = server.accept()
        except TimeoutError:
            continue
        asked.setblocking(True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _run(asked)
        asked.close()
    sys.exit()


def _run(asked: socket.socket) -> NoReturn:
    stream = asked.makefile("rw")
    wanted = json.loads(stream.readline())
    pid = os.fork()
    if pid == 0:
        asked.close()
        _become(wanted)
    print(pid, file=stream, flush=True)
    _, status, usage = os.wait4(pid, 0)
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=stream, flush=True)
    os._exit(0)


def _become(wanted: dict[str, Any]) -> NoReturn:
    """The operator: what a fresh process would be."""
    from rollback.cli import main
    from tests.faults.mortal import made_mortal

    os.setsid()
    for number, path in ((0, os.devnull), (1, wanted["out"]), (2, wanted["err"])):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(handle, number)
    os.environ.clear()
    os.environ.update(wanted["environ"])
    os.chdir(wanted["cwd"])
    sys.argv = ["rollback", *wanted["words"]]
    code = 1
    try:
        made_mortal(os.environ)
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
