"""A running world for the tests that need one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollback.demo import world
from rollback.demo.world import World


@dataclass(frozen=True, slots=True)
class Hands:
    """Does by hand, over SSH, what the engine does with a host: release folders, and the playbook's commands."""

    world: World

    def put(self, host: str, tag: str) -> None:
        """Make that release current, in a folder of its own."""
        root = self.world.root(host)
        release = root / "releases" / f"{tag}-0123456789ab"
        if not release.exists():
            release.mkdir(parents=True)
            tree = self._run("git", "-C", str(self.world.shop), "archive", tag)
            subprocess.run(["tar", "x", "-C", str(release)], input=tree, check=True)
            (release / "instance").symlink_to("../../shared/instance")
        (root / "new").symlink_to(f"releases/{release.name}")
        (root / "new").rename(root / "current")

    def do(self, host: str, *verbs: str) -> None:
        """restart, drain, undrain: the scripts that the playbook names."""
        port = next(place.port for place in self.world.hosts if place.name == host)
        root = self.world.root(host)
        for verb in verbs:
            command = (
                f"cd {root}/current && ROLLBACK_ROOT={root} ROLLBACK_HOST={host} ROLLBACK_VAR_PORT={port} "
                f"{self.world.folder}/bin/{verb}.sh"
            )
            self._run("ssh", "-F", str(self.world.folder / "ssh_config"), host, command)

    @staticmethod
    def _run(*command: str) -> bytes:
        return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    """Of a world with three hosts, on which v1.0.0 is live and serves."""
    folder = tmp_path / "world"
    folder.mkdir()
    try:
        made = Hands(world.build(folder, 3))
        for place in made.world.hosts:
            made.put(place.name, "v1.0.0")
            made.do(place.name, "restart", "undrain")
        yield made
    finally:
        world.clear(folder)
