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


def gone(pid: str) -> bool:
    """A process that was killed needs a moment to be gone."""
    status = Path("/proc", pid, "stat")
    for _ in range(3_000):
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] in {"Z", "X"}:
            return True
        time.sleep(0.01)
    return False


@dataclass(frozen=True)
class Build:
    run: str
    artifact: str = "out"


@pytest.fixture(params=[KeyboardInterrupt, SystemExit])
def interruption(request: pytest.FixtureRequest) -> Iterator[type[BaseException]]:
    kind: type[BaseException] = request.param

    def interrupt(*_: object) -> None:
        raise kind

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield kind
    signal.signal(signal.SIGUSR1, before)


def test_an_interrupted_build_leaves_no_process(tmp_path: Path, interruption: type[BaseException]) -> None:
    build = Build(f"sleep 1000 & echo $! >{tmp_path}/pid; kill -USR1 $PPID; wait")
    with pytest.raises(interruption), built(build, Release("v1", "c" * 40, "d" * 40), tmp_path, 0):
        pass
    assert gone((tmp_path / "pid").read_text().strip())


def test_the_commits_time_is_known_to_the_build(tmp_path: Path) -> None:
    with built(
        Build('mkdir out; echo "$SOURCE_DATE_EPOCH" >out/time'), Release("v1", "c" * 40, "d" * 40), tmp_path, 77
    ) as items:
        assert [item.open().read() for item in items] == [b"77\n"]
