"""A real PostgreSQL, for the tests that need one: on a Unix socket in a folder of its own, as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

PASSWORD = "p@ss/wörd:%"  # what would end it in a URL, if it stood there
_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # Debian keeps them off the PATH
_PATIENCE = 60.0  # seconds
_SAFE = {True: (), False: ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")}


@dataclass
class Postgres:
    """durable: what was committed outlives a kill of the machine, too."""

    folder: Path
    durable: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Of the ledger `team`; its password is to be set as LEDGER_PASSWORD."""
        return f"postgresql+psycopg://team:${{LEDGER_PASSWORD}}@/team?host={quote(str(self.folder))}"

    def secret(self, text: str) -> str:
        return text.replace("${LEDGER_PASSWORD}", PASSWORD)

    def start(self) -> None:
        listening = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}")
        small = ("-c", "max_connections=100", "-c", "shared_buffers=16MB")
        command = [_binary("postgres"), "-D", f"{self.folder}/data", *listening, *small, *_SAFE[self.durable]]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, **_USER, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + _PATIENCE
        while subprocess.run([_binary("pg_isready"), "-q", "-h", self.folder], check=False).returncode:
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < until, "PostgreSQL did not start"
            time.sleep(0.05)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """All of its processes, each of which has a group of its own."""
        if self._process is not None:
            first = self._process.pid
            children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
            for pid in (first, *map(int, children)):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number == signal.SIGKILL:
                self._process.wait()
                self._process = None

    def run(self, statement: str, database: str = "team") -> str:
        """As the database's owner; what psql prints."""
        command = [_binary("psql"), "-XAtq", "-h", str(self.folder), "-U", "team", "-d", database, "-c", statement]
        environ = {**os.environ, "PGPASSWORD": PASSWORD}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
        return done.stdout.strip()


def _binary(name: str) -> str:
    assert _BINARIES, "PostgreSQL is not installed: make setup"
    return str(_BINARIES[-1] / name)


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL does not run as root."""
    if os.getuid():
        return {}
    who = pwd.getpwnam("nobody")
    return {"user": who.pw_uid, "group": who.pw_gid}


_USER = _unprivileged()


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A server with an empty database `team`."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # not below pytest's: the unprivileged user may not go there
    server = Postgres(folder, durable)
    try:
        _initialize(folder)
        server.start()
        server.run("CREATE DATABASE team", "postgres")
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)


def _initialize(folder: Path) -> None:
    (folder / "password").write_text(f"{PASSWORD}\n")
    if "user" in _USER:
        for path in (folder, folder / "password"):
            os.chown(path, int(_USER["user"]), int(_USER["group"]))
    wanted = ("--no-sync", "--auth=scram-sha-256", "--username=team", f"--pwfile={folder}/password")
    command = [_binary("initdb"), "-D", f"{folder}/data", *wanted, "--locale=C.UTF-8", "--no-instructions"]
    subprocess.run(command, **_USER, check=True, capture_output=True)


def cleared(server: Postgres) -> Postgres:
    """The same server with its database empty again."""
    server.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return server
