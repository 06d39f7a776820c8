"""A small real world: hosts that are real sshd, a git repository, and an app of plain Python that is no Flask.

Each tag's file `behaviour` says how the app acts: good, bad (500 at /login), late (bad once shared/broken exists), dead
(ends at once), fail-prepare, fail-restart, silent (listens and never answers).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rollback.demo.sshd import Sshd, start
from tests.cli.command import Ran
from tests.warm import begun

_APP = """
import _thread, os, socket, sys, time  # a tenth of a second faster than http.server, at each of a thousand restarts
here = os.path.dirname(os.path.realpath(__file__))
behaviour = open(here + "/behaviour").read().strip()
if behaviour == "dead":
    sys.exit("Traceback: cannot import name 'profile'")
broken = os.path.dirname(os.path.dirname(here)) + "/shared/broken"
def serve(caller):
    asked = b""
    while b"\\r\\n\\r\\n" not in asked:
        more = caller.recv(65536)
        if not more:
            return caller.close()
        asked += more
    if behaviour == "silent":
        time.sleep(600)
    late = behaviour == "late" and os.path.exists(broken)
    bad = (behaviour == "bad" or late) and asked.split()[1] == b"/login"
    status, body = ("500 Internal Server Error", "KeyError: 'profile'") if bad else ("200 OK", "welcome")
    head = f"HTTP/1.0 {status}\\r\\nX-Release: {os.path.basename(here)}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
    caller.sendall((head + body).encode())
    caller.close()
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    _thread.start_new_thread(serve, (server.accept()[0],))
"""
_RESTART = """
set -u
[ "$(cat behaviour)" != fail-restart ] || { echo "unit app.service failed" >&2; exit 7; }
pidfile=$ROLLBACK_ROOT/shared/pid
if [ -f "$pidfile" ]; then
    old=$(cat "$pidfile"); kill "$old" 2>/dev/null
    while [ -e "/proc/$old/exe" ]; do sleep 0.02; done  # not kill -0: a dead one may wait seconds to be buried
fi
cd -P . && setsid PYTHON -IS app.py "$ROLLBACK_VAR_PORT" </dev/null >>"$ROLLBACK_ROOT/shared/log" 2>&1 &
echo $! >"$pidfile"
"""
_PREPARE = '[ "$(cat behaviour)" != fail-prepare ] || { echo "no matching distribution" >&2; exit 4; }\n'

PLAYBOOK = """
app: tiny
repository: ..
root: {root}/{{{{host.name}}}}/srv/tiny
ssh: {{config: {config}, connect_timeout: 5s}}
prepare:
  - sh prepare.sh
restart: sh restart.sh
environments:
  production:
    hosts: {hosts}
    rollout: {{canary: 1}}
    verify:
      gate: {{min_healthy_time: 100ms, healthy_deadline: 3s, interval: 100ms}}
checks:
  - name: release
    http: {{path: /, via: host, port: "{{{{host.vars.port}}}}"}}
    expect: {{status: 200, header: {{X-Release: "{{{{release.id}}}}"}}}}
    timeout: 2s
  - name: login
    http: {{path: /login, via: host, port: "{{{{host.vars.port}}}}"}}
    expect: {{status: 200}}
    timeout: 2s
"""


@dataclass
class Small:
    """Use as a context manager. Hosts are web1, web2, …; `run` is a process of its own."""

    folder: Path
    count: int = 2
    hosts: dict[str, Sshd] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Small:
        self._stack = ExitStack()
        for number in range(1, self.count + 1):
            name = f"web{number}"
            self.hosts[name] = self._stack.enter_context(start(self.folder / "ssh", name, f"127.0.0.{10 + number}"))
            self.ports[name] = free_port()
            (self.root(name) / "shared").mkdir(parents=True)
        self._make_repository()
        self.write(PLAYBOOK)
        return self

    def __exit__(self, *_: object) -> None:
        for name, sshd in self.hosts.items():
            sshd.stop()  # it may have been started anew since
            with suppress(OSError, ValueError):
                os.killpg(int((self.root(name) / "shared/pid").read_text()), signal.SIGKILL)
        self._stack.close()

    @property
    def project(self) -> Path:
        return self.folder / "tiny"

    def root(self, host: str) -> Path:
        return self.folder / "fs" / host / "srv/tiny"

    def live(self, host: str) -> str | None:
        """The id that `current` points to, read off the host's disk."""
        link = self.root(host) / "current"
        return str(link.readlink()).removeprefix("releases/") if link.is_symlink() else None

    def lives(self) -> list[str | None]:
        """The live tags of all hosts."""
        return [(one := self.live(host)) and one.rpartition("-")[0] for host in self.hosts]

    def write(self, playbook: str, name: str = "tiny") -> Path:
        hosts = ", ".join(f'{{name: {host}, vars: {{port: "{port}"}}}}' for host, port in self.ports.items())
        path = self.project / f"playbooks/{name}.yml"
        path.parent.mkdir(exist_ok=True)
        config = self.folder / "ssh/ssh_config"
        path.write_text(playbook.format(root=self.folder / "fs", config=config, hosts=f"[{hosts}]"))
        return path

    def _make_repository(self) -> None:
        self.project.mkdir()
        self.git("init", "-q", "-b", "main")
        (self.project / "app.py").write_text(_APP)
        (self.project / "restart.sh").write_text(_RESTART.replace("PYTHON", sys.executable))
        (self.project / "prepare.sh").write_text(_PREPARE)
        for tag, behaviour in (("v1", "good"), ("v2", "good"), ("v3", "bad")):
            self.release(tag, behaviour)

    def release(self, tag: str, behaviour: str = "good") -> None:
        """A new commit with a new tag."""
        (self.project / "behaviour").write_text(behaviour)
        (self.project / "tag").write_text(tag)
        self.git("add", "app.py", "restart.sh", "prepare.sh", "behaviour", "tag")
        self.git("commit", "-q", "-m", f"Release {tag}")
        self.git("tag", tag)

    def git(self, *words: str) -> str:
        name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        command = ["git", "-C", str(self.project), *name, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=self.environ()).stdout

    def environ(self, **more: str) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ROLLBACK_", "XDG_", "GIT", "SSH_"))}
        for name in ("CI", "PYTHONDONTWRITEBYTECODE"):  # users' commands are compiled once, not at every start
            clean.pop(name, None)
        return {**clean, "HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, **more}

    def run(self, *words: str, cwd: Path | None = None, **more: str) -> Ran:
        """`rollback words…` in the project's folder, without a terminal; forked from a process that has loaded it."""
        return begun(self.folder, *words, cwd=cwd or self.project, environ=self.environ(**more)).wait()

    def deployed(self, *tags: str) -> None:
        """One after the other, and all are good."""
        for tag in tags:
            done = self.run("deploy", tag, "-y")
            assert done.code == 0, done.err

    def fresh(self, *words: str, cwd: Path | None = None, **more: str) -> Ran:
        """The same from nothing, as a person's shell starts it."""
        command = [sys.executable, "-m", "rollback", *words]
        done = subprocess.run(
            command,
            cwd=cwd or self.project,
            env=self.environ(**more),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def started(self, *words: str) -> subprocess.Popen[str]:
        """`rollback words…` as a process that still runs."""
        command = [sys.executable, "-m", "rollback", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=self.project, env=self.environ(), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )


def free_port() -> int:
    """Of the loopback, free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
