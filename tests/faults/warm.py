"""`python -m tests.faults.warm SOCKET`: has loaded all of rollback, and forks an operator for whoever asks.

Most of what a short command costs is loading, and here hundreds are run. An operator is a process of its own, with its
own environment and folder, and may be killed like any other; who asked is told its id, and then how it ended.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
from typing import Any, NoReturn


def serve(path: str) -> NoReturn:
    import rollback

    for module in pkgutil.walk_packages(rollback.__path__, "rollback."):
        if ".demo" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    while True:
        asked, _ = server.accept()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _run(asked)
        asked.close()


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
