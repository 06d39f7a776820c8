"""Every ready playbook, as it stands in playbooks/, deploys a good release of a real app and takes back a bad one by
itself. Only where its hosts, ports and folders are is said anew. Going back by hand takes the same way.

One host: a real sshd. Its apps are installed by pip, uv and npm, and run under supervisor, runit and nginx.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from rollback.demo.processes import end_descendants
from rollback.demo.sshd import start
from tests.cli.command import Ran
from tests.e2e.apps import APPS, BAD, App, write
from tests.e2e.small import free_port
from tests.hosts.local import wait_until
from tests.warm import begun

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
_PASSED_ON = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")  # how this machine reaches package registries
_SUPERVISOR = """[unix_http_server]
file={folder}/supervisor.sock
[supervisord]
nodaemon=true
logfile={folder}/supervisord.log
pidfile={folder}/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{folder}/supervisor.sock
[program:{name}]
directory={root}/current
command={command}
autostart=false
startsecs=1
stopasgroup=true
environment=HOME="{folder}",PYTHONDONTWRITEBYTECODE="1"
redirect_stderr=true
stdout_logfile={folder}/app.log
"""
_RUN = """#!/bin/sh
exec >>{folder}/app.log 2>&1
cd -P {root}/current && exec env PORT={port} {command}
"""
_NGINX = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    types {{ text/html html; text/css css; }}
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        root {root}/current;
        location / {{ try_files $uri $uri/ =404; }}
    }}
}}
"""


class World:
    """A checkout with the app's releases and the playbook, and a host with what runs the app."""

    def __init__(self, folder: Path, app: App, stack: ExitStack) -> None:
        self.folder, self.app, self.port = folder, app, free_port()
        self.root, self.project = folder / "srv" / app.name, folder / "checkout"
        for one in (self.root / "shared", self.project / "playbooks", folder / "home"):
            one.mkdir(parents=True)
        write(app, self.project)
        for path in app.shared:
            (self.root / "shared" / path).write_text("")
        self.sshd = stack.enter_context(start(folder / "ssh", "host1", "127.0.0.31", environment=self._session()))
        self._run_the_app(stack)
        self._write_playbook()

    def _session(self) -> dict[str, str]:
        tools = self.folder / "bin"
        tools.mkdir()
        (tools / "uv").symlink_to(Path(sys.executable).with_name("uv"))
        python = Path(sys.base_prefix) / "bin"
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {"PATH": f"{tools}:{python}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **passed}

    def _run_the_app(self, stack: ExitStack) -> None:
        values = {"folder": self.folder, "root": self.root, "port": self.port, "name": self.app.name}
        values["command"] = self.app.command.format(**values)
        kept = self.folder / self.app.keeper
        if self.app.keeper == "supervisor":
            kept.write_text(_SUPERVISOR.format(**values))
            words = ["supervisord", "-c", str(kept)]
        elif self.app.keeper == "runit":
            (kept / "run").parent.mkdir()
            (kept / "run").write_text(_RUN.format(**values))
            (kept / "run").chmod(0o755)
            (kept / "down").touch()
            words = ["runsv", str(kept)]
        else:
            kept.write_text(_NGINX.format(**values))
            words = ["nginx", "-c", str(kept)]
        environ = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.folder)}
        process = subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(_end, process)
        ready = {"supervisor": "supervisor.sock", "runit": "runit/supervise/ok", "nginx": "nginx.pid"}
        wait_until((self.folder / ready[self.app.keeper]).exists)

    def _write_playbook(self) -> None:
        yaml = YAML()
        book: Any = yaml.load(PLAYBOOKS / f"{self.app.playbook}.yml")
        book["root"], book["repository"] = str(self.root), ".."
        book["ssh"] = {"config": str(self.folder / "ssh/ssh_config"), "command_timeout": "5m"}
        places = {"port": str(self.port), "supervisor": str(self.folder / "supervisor")}
        places["service"] = str(self.folder / "runit")
        book["environments"]["production"]["hosts"] = [{"name": "host1", "vars": places}]
        gate = book["environments"]["production"]["verify"]["gate"]
        gate.update({"min_healthy_time": "100ms", "healthy_deadline": "30s", "interval": "200ms"})
        with (self.project / f"playbooks/{self.app.name}.yml").open("w") as file:
            yaml.dump(book, file)

    def run(self, *words: str) -> Ran:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ROLLBACK_", "XDG_", "GIT_", "SSH_AUTH"))}
        clean.pop("CI", None)
        environ = {**clean, "HOME": str(self.folder / "home"), "GIT_CONFIG_GLOBAL": os.devnull}
        return begun(self.folder, *words, cwd=self.project, environ=environ).wait()

    def live(self) -> str:
        return (self.root / "current/REVISION").read_text().split()[0]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGSTOP)
    end_descendants(process.pid)
    process.kill()
    process.wait()


@pytest.fixture(params=APPS, ids=lambda app: app.playbook)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, request.param, stack)


def test_it_deploys_and_takes_back(world: World) -> None:
    good = world.run("deploy", "v1", "-y")
    assert (good.code, world.live()) == (0, "v1"), good.err

    bad = world.run("deploy", "v2", "-y")
    assert (bad.code, world.live()) == (10, "v1"), bad.err
    assert world.app.caught in bad.err

    found = world.run("verify")
    assert found.code == 0, found.out


def test_every_ready_playbook_is_tried() -> None:
    ready = {path.stem for path in PLAYBOOKS.glob("*.yml")} - {"reference", "flask-gunicorn"}  # those: the demo's kind
    assert ready == {app.playbook for app in APPS}
    assert {app.playbook for app in APPS} == set(BAD)
