"""Hosts made of a real sshd and an ssh_config of the test's own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.demo.sshd import Sshd, start
from rollback.hosts.ssh import SshTransport, connect
from rollback.model import Host, Ssh

Keygen = Callable[..., Path]
Config = Callable[[str], Host]


@pytest.fixture
def host(sshd: Sshd) -> Host:
    """web1 as its world's ssh_config tells it."""
    return Host("web1", "/srv/shop", Ssh(config=str(sshd.world.ssh_config), connect_timeout=20.0))


@pytest.fixture
def transport(host: Host) -> Iterator[SshTransport]:
    opened = connect(host)
    yield opened
    opened.close()


@pytest.fixture
def configured(host: Host, sshd: Sshd, tmp_path: Path) -> Config:
    """web1 with more ssh_config before its world's: `configured("Port 1")`. `@world@` is the world's folder."""

    def make(text: str) -> Host:
        config = tmp_path / "ssh_config"
        world = sshd.world.ssh_config
        config.write_text(text.replace("@world@", str(sshd.world.folder)) + "\n" + world.read_text())
        return replace(host, ssh=replace(host.ssh, config=str(config)))

    return make


@pytest.fixture
def empty_agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of an agent that holds nothing yet."""
    path = tmp_path_factory.mktemp("a") / "s"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield path
    process.send_signal(signal.SIGTERM)
    process.communicate()


@pytest.fixture
def keygen(tmp_path: Path) -> Keygen:
    """Make a key: `keygen("name")`, `keygen("name", kind="ecdsa", passphrase="x")`."""

    def make(name: str, kind: str = "ed25519", passphrase: str = "") -> Path:
        path = tmp_path / name
        short = ["-b", "2048"] if kind == "rsa" else []  # a longer one takes seconds to find
        command = ["ssh-keygen", "-q", "-t", kind, *short, "-N", passphrase, "-C", name, "-f", str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return path

    return make


@pytest.fixture
def bastion(tmp_path: Path) -> Iterator[Sshd]:
    """A host in a world of its own: other keys, other files."""
    with start(tmp_path / "bastion", "bastion", "127.0.0.9") as server:
        yield server


def through(bastion: Sshd, more: str = "") -> str:
    return f"Include {bastion.world.ssh_config}\nHost web1\n {more or 'ProxyJump bastion'}\n"
