"""A disk that is full, out of inodes or read-only from some moment of a deploy on: a sentence says so, a rollback works
nevertheless where anything can be written at all, and once the disk is sound again all is put right.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.namespaces import as_root
from tests.faults.settle import as_said, clean, settles
from tests.faults.trap import Trap
from tests.faults.world import NEW, World

pytestmark = as_root
MOMENTS = {"upload": "tar -xzopf *", "switch": "mv -f* */journal.new *", "finish": "rm -f */intent"}
moments = pytest.mark.parametrize("moment", MOMENTS)


@pytest.fixture
def disk(world: World) -> Iterator[Path]:
    """web1's root, on a small disk of its own."""
    root = world.root("web1")
    aside = root.with_name("aside")
    root.rename(aside)
    root.mkdir()
    _run("mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=300", "test", root)
    _run("cp", "-a", f"{aside}/.", root)
    yield root
    world.hosts["web1"].stop()
    _run("umount", "--lazy", root)
    world.healed()


def full(disk: Path) -> None:
    """To the last byte."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass


def out_of_inodes(disk: Path) -> None:
    (disk / "fillers").mkdir()
    with suppress(OSError):
        for number in range(10_000):
            (disk / f"fillers/{number}").touch()


def emptied(disk: Path) -> None:
    _run("rm", "-rf", disk / "filler", disk / "fillers")


def read_only(disk: Path) -> None:
    """As soon as nothing writes there: before that the kernel refuses."""
    until = time.monotonic() + 10
    while subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=False, capture_output=True).returncode != 0:
        assert time.monotonic() < until
        time.sleep(0.02)


def writable(disk: Path) -> None:
    _run("mount", "-o", "remount,rw", disk)


def _run(*words: str | Path) -> None:
    subprocess.run(words, check=True)


@moments
@pytest.mark.parametrize("spoil", [full, out_of_inodes], ids=lambda spoil: spoil.__name__)
def test_a_rollback_works_without_room(world: World, disk: Path, spoil: Callable[[Path], None], moment: str) -> None:
    with Trap(world.hosts["web1"], MOMENTS[moment]) as trap:
        operator = world.begin("deploy", NEW)
        trap.wait()
        spoil(disk)
        trap.let_go()
        ran = operator.wait()
    as_said(world, ran, NEW)
    back = world.operate()
    assert back.code == 0, back.err
    assert clean(back)
    assert len(set(world.lives())) == 1
    emptied(disk)
    settles(world, ran)


# What web2 does when web1's disk becomes read-only, so that web1 comes to the next phase with it.
MEANWHILE = {"preparing": "tar -xzopf *", "switching": "chmod -R a-w *", "finishing": "mv -f* */journal.new *"}


@pytest.mark.parametrize("before", MEANWHILE)
def test_a_disk_that_becomes_read_only_before(world: World, disk: Path, before: str) -> None:
    with Trap(world.hosts["web2"], MEANWHILE[before]) as trap:
        operator = world.begin("deploy", NEW)
        trap.wait()
        read_only(disk)
        trap.let_go()
        ran = operator.wait()
    as_said(world, ran, NEW)
    back = world.operate()
    assert back.code == 14
    assert "can't be written to" in back.err
    writable(disk)
    settles(world, ran, back)
