"""A host's disk that is full, out of inodes or read-only, from some moment of a deploy on: a sentence says so, a rollback
works nevertheless where anything can be written at all, and once the disk is sound again all is put right.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.namespaces import as_root
from tests.faults.settle import as_said, clean, settles
from tests.faults.trap import Trap
from tests.faults.world import NEW, World

pytestmark = as_root
MOMENTS = {"upload": "tar -xzopf *", "switch": "mv -f */journal.new *", "finish": "rm -f */intent"}
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
    _run("umount", root)
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
    _run("mount", "-o", "remount,ro", disk)


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
    print("deploy", ran.code, ran.out, ran.err)
    as_said(world, ran, NEW)
    back = world.operate()
    print("rollback", back.code, back.out, back.err)
    assert back.code == 0, back.err
    assert clean(back)
    assert len(set(world.lives())) == 1
    emptied(disk)
    settles(world, ran)


@moments
def test_a_read_only_disk(world: World, disk: Path, moment: str) -> None:
    with Trap(world.hosts["web1"], MOMENTS[moment]) as trap:
        operator = world.begin("deploy", NEW)
        trap.wait()
        read_only(disk)
        trap.let_go()
        ran = operator.wait()
    print("deploy", ran.code, ran.out, ran.err)
    as_said(world, ran, NEW)
    back = world.operate()
    print("rollback", back.code, back.out, back.err)
    assert back.code == 14
    assert "can't be written to" in back.out + back.err
    writable(disk)
    settles(world, ran, back)
