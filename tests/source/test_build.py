"""A build that is interrupted leaves nothing running."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollback.model import Release
from rollback.source.build import built


@dataclass(frozen=True)
class Build:
    run: str
    artifact: str = "out"


@pytest.fixture
def interruptible() -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_build_leaves_no_process(tmp_path: Path) -> None:
    build = Build(f"sleep 1000 & echo $! >{tmp_path}/pid; kill -USR1 $PPID; wait")
    with pytest.raises(KeyboardInterrupt), built(build, Release("v1", "c" * 40, "d" * 40), tmp_path, 0):
        pass
    status = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}:
        time.sleep(0.01)  # killed it is; until it is gone


def test_the_commits_time_is_known_to_the_build(tmp_path: Path) -> None:
    with built(
        Build('mkdir out; echo "$SOURCE_DATE_EPOCH" >out/time'), Release("v1", "c" * 40, "d" * 40), tmp_path, 77
    ) as items:
        assert [item.open().read() for item in items] == [b"77\n"]
