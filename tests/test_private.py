"""What is ours alone stays so, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollback.hosts.host_keys import admit
from rollback.hosts.resolve import Place
from rollback.private import private_folder


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_a_folder_and_all_that_was_missing_above_it_are_ours_alone(tmp_path: Path) -> None:
    assert private_folder(private_folder(tmp_path / "a" / "b" / "c")) == tmp_path / "a" / "b" / "c"
    assert modes(tmp_path) == {"a": 0o700, "a/b": 0o700, "a/b/c": 0o700}


def test_where_a_file_stands_no_folder_is_made(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(OSError, match="a"):
        private_folder(tmp_path / "a" / "b")


def test_a_known_hosts_file_is_made_for_us_alone(tmp_path: Path) -> None:
    file = tmp_path / "home" / ".ssh" / "known_hosts"
    admit(Place("web1", "web1", 22, ("web1",), (file,), "accept-new", direct=True), "ssh-ed25519", b"key")
    assert modes(tmp_path) == {"home": 0o700, "home/.ssh": 0o700, "home/.ssh/known_hosts": 0o600}
