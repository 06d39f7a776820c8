"""A small world that is put back before each case, as it once was, instead of being made and deployed to anew."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress

from rollback.demo.processes import end_descendants
from rollback.demo.sshd import Sshd, start
from tests.e2e.small import Small

_OURS = ("fs", "home", "tiny")  # what is put back; ssh stays, as servers run on it
_SSH = ("known_hosts", "ssh_config", "client_key")


class Kept(Small):
    """Use as a context manager. Its folder, hosts and ports stay the same in all its states."""

    def __enter__(self) -> Kept:
        super().__enter__()
        self._servers = dict(self.hosts)
        self._states = self.folder / "states"
        self.keep("new")
        self._new = self._mark()
        return self

    def keep(self, state: str) -> None:
        """What is there now, under this name."""
        there = self._states / state
        there.mkdir(parents=True)
        subprocess.run(["cp", "-a", *(self.folder / one for one in _OURS), there], check=True)
        subprocess.run(["cp", "-a", *(self.folder / "ssh" / one for one in _SSH), there], check=True)

    def put_back(self, state: str = "new") -> None:
        """What was kept under this name, whatever was done since. No app runs then."""
        self._end_all()
        stray = [one for one in self.folder.iterdir() if one.name not in {"ssh", "states", "bin"}]
        subprocess.run(["chmod", "-R", "u+w", *stray], check=True)
        subprocess.run(["rm", "-rf", *stray], check=True)
        for path in (self._states / state).iterdir():
            subprocess.run(["cp", "-a", path, self.folder / ("ssh" if path.name in _SSH else "")], check=True)
        self.healed()

    def healed(self) -> None:
        """Servers that were stopped, or started otherwise, run as in the beginning."""
        for name, sshd in self.hosts.items():
            if sshd is not self._servers[name] or sshd.process.poll() is not None:
                sshd.stop()
                self.hosts[name] = self._servers[name] = self.started_host(name)

    def started_host(self, name: str, address: str = "", **environment: str) -> Sshd:
        """Its sshd, on the port that it had, with these variables for the agent; to be put into `hosts`."""
        old = self.hosts[name]
        return start(self.folder / "ssh", name, address or old.address, old.port, environment=environment)

    def deployed(self, *tags: str) -> None:
        """What was done to a new world once, by this process of the tests, is copied."""
        state, new = " ".join(tags), self._mark() == self._new
        if new and (self._states / state).exists():
            self.put_back(state)
            for host in self.hosts:
                self._start_app(host)
            return
        super().deployed(*tags)
        if new:
            self.keep(state)

    def _mark(self) -> object:
        playbooks = {path.name: path.read_text() for path in (self.project / "playbooks").iterdir()}
        return playbooks, self.git("for-each-ref"), self.git("status", "--short"), self.lives()

    def _start_app(self, host: str) -> None:
        (self.root(host) / "shared/pid").unlink()  # by now another's
        environ = self.environ(ROLLBACK_ROOT=str(self.root(host)), ROLLBACK_VAR_PORT=str(self.ports[host]))
        subprocess.run(["sh", "restart.sh"], cwd=self.root(host) / "current", env=environ, check=True)

    def _end_all(self) -> None:
        """Sessions of the hosts, and the apps."""
        for name, sshd in self.hosts.items():
            end_descendants(sshd.pid)
            with suppress(OSError, ValueError):
                os.killpg(int((self.root(name) / "shared/pid").read_text()), signal.SIGKILL)
