"""Hosts for the benchmark: each a real sshd with its own address, key and /srv/app, all on their newest release.

They share this machine's processors with whoever rolls them back: times are this machine's, ratios are what counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rollback.demo.sshd import Sshd, start
from tests.bench.network import Network
from tests.bench.project import NEW, OLD, Project
from tests.faults.namespaces import enter, in_a_thread, own_mounts

_PORT = 2222  # with 22, OpenSSH and paramiko disagree about how known_hosts spells an address


@dataclass(frozen=True)
class Fleet:
    """folder: apps/NAME is /srv/app of a host, kept/ is how everything was in the beginning."""

    folder: Path
    names: tuple[str, ...]
    project: Project

    def app(self, name: str) -> Path:
        return self.folder / "apps" / name

    def reset(self, count: int) -> None:
        """The first `count` hosts, and what the operator remembers, as they were in the beginning; on disk, too."""
        names = self.names[:count]
        _run("find", *(str(self.app(name)) for name in names), str(self.project.home), "-mindepth", "1", "-delete")
        _run("cp", "-a", *(str(self.folder / "kept/apps" / name) for name in names), str(self.folder / "apps"))
        _run("cp", "-a", str(self.folder / "kept/home"), str(self.folder))
        self.project.write_playbook(names)
        os.sync()  # or the first who wants something on disk waits for all of it

    def keep(self) -> None:
        (self.folder / "kept").mkdir()
        _run("cp", "-a", str(self.folder / "apps"), str(self.folder / "home"), str(self.folder / "kept"))

    def wrong(self, count: int) -> list[str]:
        """Of the first `count` hosts, those that are not on the old release, or did not restart with it."""
        return [name for name in self.names[:count] if not self._is_back(name)]

    def _is_back(self, name: str) -> bool:
        link, running = self.app(name) / "current", self.app(name) / "shared/running"
        live = link.readlink().name if link.is_symlink() else ""
        return live.startswith(f"{OLD}-") and running.is_file() and running.read_text().split()[:1] == [OLD]

    def served_since(self, count: int) -> float:
        """When the last of them was restarted: s since the epoch, by the kernel's clock on the file."""
        return max((self.app(name) / "shared/running").stat().st_mtime for name in self.names[:count])


@contextmanager
def fleet(folder: Path, count: int, network: Network) -> Iterator[Fleet]:
    """So many hosts, each with both releases. To be entered where the operator is."""
    names = tuple(f"h{number:03}" for number in range(1, count + 1))
    project = Project(folder / "home", folder / "ssh/ssh_config")
    made = Fleet(folder, names, project)
    with ExitStack() as stack:
        for number, name in enumerate(names):
            (made.app(name) / "shared").mkdir(parents=True)
            stack.enter_context(_host(made, name, f"10.99.{number // 250}.{number % 250 + 1}", network))
        stack.enter_context(_apps(made, network))
        project.make()
        project.write_playbook(names)
        (project.home / ".ssh").symlink_to(folder / "ssh")  # for the tools that look nowhere else
        (folder / "ssh/config").symlink_to("ssh_config")
        for tag in (OLD, NEW):
            project.deploy(tag)
        made.keep()
        yield made


def _host(made: Fleet, name: str, address: str, network: Network) -> Sshd:
    """In the hosts' network, with a /srv/app that only it sees."""

    def apart() -> Sshd:
        own_mounts()
        enter(network.hosts)
        _run("mount", "-t", "tmpfs", "-o", "size=1m", "bench", "/srv")
        Path("/srv/app").mkdir()
        _run("mount", "--bind", str(made.app(name)), "/srv/app")
        return start(made.folder / "ssh", name, address, _PORT)

    return in_a_thread(apart)


@contextmanager
def _apps(made: Fleet, network: Network) -> Iterator[None]:
    command = [sys.executable, str(Path(__file__).with_name("app.py")), str(made.folder / "apps")]

    def there() -> subprocess.Popen[str]:
        enter(network.hosts)
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    with in_a_thread(there) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise OSError("the hosts' app did not start")
            yield
        finally:
            process.kill()


def _run(*words: str) -> None:
    subprocess.run(words, check=True)
