"""A host that is looked over, by the agent itself: what it says of its tools, disk, rights and the fallback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import pytest

from rollback.core.condition import Condition, Keeping, Kept, Right
from rollback.hosts import requests
from rollback.hosts.looked_over import looked_over
from rollback.hosts.protocol import Answer, Field
from rollback.hosts.remote import Agent
from rollback.model import Host
from tests.build import EPOCH
from tests.hosts.contract import NEW, OLD, Stage
from tests.hosts.local import LocalShell
from tests.hosts.packages import Shared, host, package


def condition(stage: Stage, shared: Shared = Shared()) -> Condition:  # noqa: B008 - frozen
    began = datetime.now(UTC)
    answer = stage.ask(requests.inspect(stage.host, (OLD, NEW), shared))
    assert answer.status == "ok", answer
    return looked_over(stage.host, answer, began, (datetime.now(UTC) - began).total_seconds())


def kept(old: Keeping, new: Keeping) -> tuple[tuple[str, Kept], ...]:
    return ((OLD.id, Kept(old)), (NEW.id, Kept(new)))


def test_a_host_that_has_everything(stage: Stage, root: Path) -> None:
    (root / "shared").mkdir()
    (root / "shared/.env").touch()
    stage.acquire()
    stage.bring(OLD, NEW)
    stage.activate(OLD, None)
    seen = condition(stage, Shared(files=(".env", "key.pem")))
    assert seen.free is not None
    assert seen.tree is not None
    assert seen.offset[0] <= 0 <= seen.offset[1]
    assert (seen.free.size > 0, seen.tree.size >= 4096, seen.tree.entries) == (True, True, 7)
    assert (seen.lacking, seen.unwritable, seen.missing) == ((), (), ("key.pem",))
    assert (seen.kept, seen.rights) == (kept(Keeping.INTACT, Keeping.INTACT), ())


def test_an_empty_host(stage: Stage) -> None:
    seen = condition(stage)
    assert (seen.tree, seen.kept, seen.problem) == (None, kept(Keeping.ABSENT, Keeping.ABSENT), "")


def test_programs_that_are_missing_are_named(stage: Stage, shell: str, tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("sh", *shell.split()[:1], "head", "date", "stat", "sed", "cat", "wc", "readlink"):
        (bare / name).symlink_to(shutil.which(name) or name)
    stage.remote = Agent("web1", LocalShell(shell, {"PATH": str(bare)}))
    assert {"flock", "timeout", "tar", "gzip"} <= set(condition(stage).lacking)


def test_a_comparison_that_has_no_room_says_nothing_of_the_release(stage: Stage, shell: str, tmp_path: Path) -> None:
    stage.acquire()
    stage.bring(NEW)
    stage.remote = Agent("web1", LocalShell(shell, {"TMPDIR": str(tmp_path / "nowhere")}))
    unread = Kept(Keeping.UNREAD, "there is no temporary folder to write to")
    assert condition(stage).kept == ((OLD.id, Kept(Keeping.ABSENT)), (NEW.id, unread))


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small disk")
def test_a_full_temporary_disk_does_not_make_a_release_intact(stage: Stage, shell: str, tmp_path: Path) -> None:
    stage.acquire()
    stage.stage(package(NEW, stage.folder, {f"file{number:04}": b"x" for number in range(500)}))
    stage.prepare(NEW)
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "test", str(small)], check=True)
    try:
        stage.remote = Agent("web1", LocalShell(shell, {"TMPDIR": str(small)}))
        seen = condition(stage)
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert dict(seen.kept)[NEW.id] == Kept(Keeping.UNREAD, "its temporary folder has no room")


# sudo, the real one


_NOBODY = "setpriv --reuid nobody --regid nogroup --clear-groups"


@dataclass
class AsNobody(LocalShell):
    """The user `nobody`, for whom sudo has these rules; nobody else sees them."""

    rules: str = ""

    def exec(
        self, command: str, stdin: Iterable[bytes], deadline: float, cap: int, sink: IO[bytes] | None = None
    ) -> tuple[int | None, bytes]:
        inside = f"exec {self.words} {self.shell} {command.removeprefix('exec /bin/sh ')}"
        return super().exec(inside, stdin, deadline, cap, sink)

    def runs(self, command: str) -> bool:
        """Whether it really does."""
        words = [*self.words.split(), "sh", "-c", command]
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0

    @property
    def words(self) -> str:
        return f"unshare --mount {self.rules}/enter"


def as_nobody(shell: str, folder: Path, rules: str) -> AsNobody:
    (folder / "sudoers.d").mkdir()
    rule = folder / "sudoers.d/test"
    rule.write_text(f"nobody ALL={rules}\n")
    rule.chmod(0o440)
    enter = folder / "enter"
    enter.write_text(f'#!/bin/sh\nmount --bind {folder}/sudoers.d /etc/sudoers.d && exec {_NOBODY} "$@"\n')
    enter.chmod(0o755)
    return AsNobody(shell, rules=str(folder))


@pytest.mark.skipif(os.getuid() != 0, reason="only root may see to it that sudo has these rules")
@pytest.mark.parametrize(
    ("rules", "command", "allowed", "said"),
    [
        ("NOPASSWD: /usr/bin/true", "sudo -n true", True, ""),
        ("NOPASSWD: /usr/bin/true reload shop", "sudo true reload shop", True, ""),
        ("NOPASSWD: /usr/bin/true reload shop", "sudo -n true restart shop", False, "no rule allows it"),
        ("NOPASSWD: ALL", "/usr/bin/sudo --non-interactive -- /usr/bin/true", True, ""),
        ("(daemon) NOPASSWD: /usr/bin/true", "sudo -nu daemon true", True, ""),
        ("(daemon) NOPASSWD: /usr/bin/true", "sudo -n true", False, "no rule allows it"),
        ("ALL", "sudo -n true", False, "a password is required"),
        ("ALL, NOPASSWD: /usr/bin/id", "sudo -n true", None, "sudo allows it, but perhaps not without a password"),
        ("ALL, NOPASSWD: /usr/bin/true", "sudo -n true", True, ""),
        ("NOPASSWD: ALL", "sudo -n nosuchprogram", False, "nosuchprogram: command not found"),
        ("NOPASSWD: ALL", "sudo -n sh -c 'kill $PID'", None, "whether sudo allows it can't be told beforehand"),
    ],
)
def test_sudo_is_asked_for_exactly_the_restart(
    shell: str, rules: str, command: str, allowed: bool | None, said: str
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        nobody = as_nobody(shell, folder, rules)
        asked = Stage(Agent("web1", nobody), host(folder, restart=command), folder)
        assert condition(asked).rights == (Right(command, allowed, said),)
        assert allowed in {None, nobody.runs(command)}


def test_a_host_without_sudo_says_so(shell: str, stage: Stage, tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    bare.mkdir()
    for folder in ("/usr/bin", "/bin"):
        for path in Path(folder).iterdir():
            if path.name != "sudo" and not (bare / path.name).exists():
                (bare / path.name).symlink_to(path)
    stage.host = replace(stage.host, restart="sudo -n systemctl reload shop")
    stage.remote = Agent("web1", LocalShell(shell, {"PATH": str(bare)}))
    assert condition(stage).rights == (Right("sudo -n systemctl reload shop", False, "sudo is not installed there"),)


# What is read from an answer


WEB1 = Host("web1", "/srv/shop")


def read(*fields: tuple[str, str], took: float = 0.1) -> Condition:
    return looked_over(WEB1, Answer("ok", "", tuple(Field(*one) for one in fields)), EPOCH, took)


def test_the_round_trip_is_told_without_the_hosts_own_work() -> None:
    assert round(read(("worked", "100.00 103.50"), took=3.52).round_trip, 3) == 0.02


def test_a_clock_is_told_as_far_as_the_round_trip_allows() -> None:
    ahead = int((EPOCH + timedelta(hours=1)).timestamp())
    seen = read(("clock", str(ahead)), ("worked", "1 1"), took=0.5)
    assert seen.offset == (3599.5, 3601.0)


def test_what_does_not_fit_is_left_out() -> None:
    assert read(
        ("clock", "-1"), ("worked", "x y"), ("free", "1 2"), ("tree", "1e9 3"), ("kept", "v1 perfect"), took=0.25
    ) == Condition("web1", EPOCH, round_trip=0.25)


def test_a_damaged_release_is_cleaned_before_it_is_shown() -> None:
    seen = read(("kept", "v1 damaged 2 a\x1b[31mb"))
    assert seen.kept == (("v1", Kept(Keeping.DAMAGED, "2 entries differ from its manifest, one is a\\x1b[31mb")),)


def test_a_host_that_refuses_to_be_looked_over_says_why() -> None:
    assert looked_over(WEB1, Answer("noroot"), EPOCH, 0.1).problem.startswith("/srv/shop does not exist")
