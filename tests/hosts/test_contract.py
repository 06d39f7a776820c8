"""The contract of contract.py, held by the fake host, by local shells and by a real sshd."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rollback.demo.sshd import Sshd
from rollback.hosts.protocol import command
from rollback.hosts.remote import Agent
from rollback.hosts.ssh import connect
from rollback.model import Host, Ssh
from tests.fakes import FakeHost
from tests.hosts.contract import (
    CONTRACT,
    Stage,
    a_host_that_hears_nothing_goes_back_by_itself,
    a_release_that_is_gone_comes_back_from_what_was_fetched,
)
from tests.hosts.local import SHELLS, LocalShell
from tests.hosts.packages import host

Clause = Callable[[Stage], None]
LOGINS = {"bash": ".bashrc", "zsh": ".zshenv", "fish": ".config/fish/config.fish", "tcsh": ".tcshrc"}  # what they read
clauses = pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)


@clauses
def test_the_fake_host_keeps_the_contract(clause: Clause, tmp_path: Path) -> None:
    clause(Stage(FakeHost(), host(tmp_path), tmp_path / "packages"))


@pytest.mark.parametrize("shell", SHELLS)
@clauses
def test_a_local_shell_keeps_the_contract(clause: Clause, shell: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    clause(Stage(Agent("web1", LocalShell(shell)), host(root), tmp_path / "packages"))


@clauses
def test_a_real_sshd_keeps_the_contract(clause: Clause, sshd: Sshd, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    reached = Host(sshd.name, str(root), Ssh(config=str(sshd.world.ssh_config)))
    transport = connect(reached)
    try:
        clause(Stage(Agent(sshd.name, transport), reached, tmp_path / "packages"))
    finally:
        transport.close()


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize(
    "clause",
    [a_release_that_is_gone_comes_back_from_what_was_fetched, a_host_that_hears_nothing_goes_back_by_itself],
    ids=lambda clause: clause.__name__,
)
def test_any_login_shell_keeps_the_contract(clause: Clause, login: str, tmp_path: Path) -> None:
    """Also one that says something first and leaves its line open."""
    if shutil.which(login) is None:
        pytest.skip(f"{login} is not installed here")
    greeting, root = tmp_path / "home" / LOGINS[login], tmp_path / "root"
    greeting.parent.mkdir(parents=True)
    greeting.write_text("printf Welcome\n")
    root.mkdir()
    # Debian's bash reads its file when it believes that sshd started it.
    shell = LocalShell("/bin/sh", {"HOME": str(tmp_path / "home"), "SSH_CLIENT": "127.0.0.1 1 22"}, login)
    assert shell.exec(command(b""), [], 20, 100) == (0, b"Welcome\n")
    clause(Stage(Agent("web1", shell), host(root), tmp_path / "packages"))
