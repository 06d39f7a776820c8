"""A small world that is broken on purpose and put back: real sshd hosts, shared by all cases of one test process.

Its app is as cheap as an app can be: `restart` writes down what runs, and the check reads that. So a case costs hardly
more than the commands it is about.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollback.demo.sshd import Sshd
from tests.cli.command import Ran
from tests.e2e.kept import Kept
from tests.faults.proxy import Proxy
from tests.faults.trap import trapped_path
from tests.warm import Operator, begun

SECRET = "hunter2-and-a-half"
GOOD = ("v1", "v2", "v4", "v5")  # deployed in this order
NEW, BAD = "v6", "v3"  # not on the hosts
PLAYBOOK = """
app: tiny
repository: ..
keep: 1
root: {root}/{{{{host.name}}}}/srv/tiny
ssh: {{config: {config}, connect_timeout: 3s, command_timeout: 10s}}
prepare:
  - ': "${{SMOKE_PASSWORD}}"; touch prepared'
restart: 'cat behaviour tag >"$ROLLBACK_ROOT/shared/runs"; : restarted "${{SMOKE_PASSWORD}}"'
drain: ': drained'
environments:
  production:
    hosts: {hosts}
    rollout: {{canary: 1}}
    verify:
      gate: {{min_healthy_time: 0s, healthy_deadline: 3s, interval: 100ms}}
checks:
  - name: runs
    command: 'cat behaviour tag | cmp - "$ROLLBACK_ROOT/shared/runs" && ! grep bad behaviour # ${{SMOKE_PASSWORD}}'
    expect: {{exit_status: 0}}
    timeout: 3s
"""


class World(Kept):
    """Use as a context manager. Two hosts; see GOOD."""

    def __enter__(self) -> World:
        self._trapped = trapped_path(self.folder / "bin")
        super().__enter__()
        for tag in ("v4", "v5", NEW):
            self.release(tag)
        self.write(PLAYBOOK)
        for name in self.hosts:
            self.restart(name)
        self._servers = dict(self.hosts)
        for tag in GOOD:
            done = self.operate("deploy", tag)
            assert done.code == 0, done.err
        self.keep("ready")
        return self

    def restart(self, name: str, **environment: str) -> None:
        """The host's sshd, on the same address, with these variables for the agent."""
        self.hosts[name].stop()
        self.hosts[name] = self.started_host(name, **environment)

    def started_host(self, name: str, address: str = "", **environment: str) -> Sshd:
        return super().started_host(name, address, **{**self._trapped, **environment})

    def operate(self, *words: str, **more: str) -> Ran:
        """`rollback words… -y`, to its end."""
        return self.begin(*words, **more).wait()

    def begin(self, *words: str, **more: str) -> Operator:
        """`rollback words… -y`, in a process of its own."""
        environ = self.environ(SMOKE_PASSWORD=SECRET, NO_COLOR="1", **more)
        return begun(self.folder, *words, "-y", cwd=self.project, environ=environ)

    @contextmanager
    def proxied(self, name: str) -> Iterator[Proxy]:
        """The host is reached through a proxy meanwhile."""
        sshd, known = self.hosts[name], self.folder / "ssh/known_hosts"
        before = known.read_text()
        with Proxy(sshd.address, sshd.port) as proxy:
            known.write_text(before + before.replace(f"]:{sshd.port} ", f"]:{proxy.port} "))
            path = self.project / "playbooks/tiny.yml"
            path.write_text(path.read_text().replace(f"name: {name},", f"name: {name}, port: {proxy.port},"))
            yield proxy
        self.write(PLAYBOOK)
        known.write_text(before)

    def life(self, *words: str) -> tuple[Ran, list[str]]:
        """`rollback words… -y`, and the moments of its life (see mortal.py)."""
        told = self.folder / "life"
        told.unlink(missing_ok=True)
        return self.operate(*words, LIFE=str(told)), told.read_text().splitlines()

    def wait_for_agents(self) -> None:
        """Until no command runs on any host any more."""
        for host in self.hosts:
            subprocess.run(["flock", self.state(host) / "busy", "true"], check=True, timeout=30)

    def state(self, host: str) -> Path:
        return self.root(host) / ".rollback"
