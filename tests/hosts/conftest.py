"""A host on this machine, once for each kind of shell."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollback.hosts.remote import Agent
from tests.hosts.contract import Stage
from tests.hosts.local import SHELLS, LocalShell
from tests.hosts.packages import host


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def stage(shell: str, root: Path, tmp_path: Path) -> Stage:
    """With nothing on it."""
    return Stage(Agent("web1", LocalShell(shell)), host(root), tmp_path / "packages")


@pytest.fixture
def small_disk(root: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", root], check=True)
    yield
    subprocess.run(["umount", "-l", root], check=True)
