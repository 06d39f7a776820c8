"""The contract of contract.py, held by the fake host, by local shells and by a real sshd."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rollback.demo.sshd import Sshd
from rollback.hosts.remote import Agent
from rollback.hosts.ssh import connect
from rollback.model import Host, Ssh
from tests.fakes import FakeHost
from tests.hosts.contract import CONTRACT, Stage
from tests.hosts.local import SHELLS, LocalShell
from tests.hosts.packages import host

Clause = Callable[[Stage], None]
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
