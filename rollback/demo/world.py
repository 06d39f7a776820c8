"""The demo's world: a temporary folder with the shop's repository, its hosts, and the load balancer in front of them.

<world>/shop                 the repository, with playbooks/shop.yml
<world>/hosts/web1/srv/shop  a host's root; beside it what its sshd and its gunicorn write
<world>/nginx                the load balancer
<world>/bin                  what the playbook's restart, drain and undrain call
<world>/operator             the home folder of whoever types the commands: the ledger and the cache are in it

Everything that is started here ends with it. Must not touch anything outside its folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rollback.demo import accounts, balancer, playbook, remains, repository, sshd
from rollback.demo.playbook import Place
from rollback.demo.ssh_world import program

_PARTS = Path(__file__).parent
_FIRST_ADDRESS = 11  # 127.0.0.11, 127.0.0.12 …


@dataclass(frozen=True, slots=True)
class World:
    """A running one. url: the shop as its users reach it, through nginx. hosts: (name, port of its gunicorn)."""

    folder: Path
    hosts: tuple[Place, ...]
    url: str

    @property
    def shop(self) -> Path:
        return self.folder / "shop"

    @property
    def names_by_address(self) -> dict[str, str]:
        """How nginx names each host's gunicorn."""
        return {f"127.0.0.1:{host.port}": host.name for host in self.hosts}

    def root(self, host: str) -> Path:
        return root(self.folder, host)

    def environment(self) -> dict[str, str]:
        """A command's whole environment: nothing that the user has set for rollback, git or ssh takes part."""
        others = ("ROLLBACK_", "GIT_", "SSH_", "XDG_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        return {**kept, **_own(self.folder)}


def _own(folder: Path) -> Mapping[str, str]:
    """What commands have set that are to know nothing but this world."""
    home = folder / "operator"
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "SMOKE_PASSWORD": accounts.PASSWORD,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PARTS.parent.parent), os.environ.get("PYTHONPATH")))),
    }


def new_folder() -> Path:
    """An empty folder for a world; only its owner may look into it."""
    return Path(tempfile.mkdtemp(prefix="rollback-demo-")).resolve()


def build(folder: Path, hosts: int) -> World:
    """Make and start a world in an empty folder. Whoever calls this clears it, whatever happens."""
    names = tuple(f"web{number}" for number in range(1, hosts + 1))
    places = tuple(map(Place, names, balancer.free_ports(hosts)))
    (folder / "operator").mkdir()
    repository.make(folder / "shop")
    _scripts(folder)
    for number, place in enumerate(places):
        _host(folder, place, f"127.0.0.{_FIRST_ADDRESS + number}")
    process, port = balancer.start(folder / "nginx", ((place.name, place.port) for place in places))
    remains.note(folder, process.pid)
    world = World(folder, places, f"http://127.0.0.1:{port}")
    playbook.write(folder, places, world.url)
    return world


def clear(folder: Path) -> None:
    """End every process of the world in this folder, and remove it."""
    remains.end(folder)
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)  # a release's folders are read-only
    shutil.rmtree(folder)


def root(folder: Path, host: str) -> Path:
    """Where the app lives on that host."""
    return folder / "hosts" / host / "srv" / "shop"


def _host(folder: Path, place: Place, address: str) -> None:
    server = sshd.start(folder, place.name, address, environment={remains.MARK: str(folder)})
    remains.note(folder, server.pid)
    accounts.write(root(folder, place.name) / "shared" / "instance")


def _scripts(folder: Path) -> None:
    shutil.copytree(_PARTS / "bin", folder / "bin")
    settings = {"WORLD": str(folder), "PYTHON": sys.executable, "NGINX": program("nginx", "nginx")}
    (folder / "bin" / "settings").write_text("".join(f"{line}\n" for line in _assignments(settings)))
    _script(folder / "bin" / "rollback", "rollback", _own(folder))
    _script(folder / "bin" / "deploy", "rollback deploy", _own(folder))
    _script(folder / "stop.sh", f"rollback.demo.stop {shlex.quote(str(folder))}", _own(folder))
    for script in (folder / "bin").iterdir():
        script.chmod(0o755)  # an installer need not keep the mode


def _script(path: Path, module: str, environment: Mapping[str, str]) -> None:
    """A program that runs one of our modules with this environment, so that nobody has to set it in a shell."""
    python = shlex.quote(sys.executable)
    path.write_text(f'#!/bin/sh\nexec env {" ".join(_assignments(environment))} {python} -m {module} "$@"\n')
    path.chmod(0o755)


def _assignments(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={shlex.quote(value)}" for name, value in values.items()]
