"""The whole demo as it is started by a person: how it ends when it can't begin, and when it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollback.demo.needs import require
from rollback.errors import Refused
from tests.demo.test_world import mentioning

CALL = "import sys; from rollback.demo.story import run; sys.exit(run(2, False))"


@pytest.fixture
def told(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo, its world below this test's folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", CALL],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process
        process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if words in line:
            return
    raise AssertionError(f"it never said {words!r}: {''.join(seen)}")


def test_the_incident_goes_as_it_is_told_and_leaves_nothing_behind(told: subprocess.Popen[str], tmp_path: Path) -> None:
    said, _ = told.communicate()
    assert told.returncode == 0, said
    for words in (
        "↩ v1.2.0 is bad; v1.1.0 is back and verified",
        "v1.2.0 was live on: web1; people were served by it on: no host",
        "2 h 30 min",
        "v1.2.0 failed the check login and was taken back: v1.1.0 was live and verified",
        "| Real user impact | **TODO(human)**",
        "✓ it went as told",
    ):
        assert words in said
    assert said.count(" none failed; served v1") == 3
    assert (mentioning(str(tmp_path)), list(tmp_path.glob("rollback-demo-*"))) == ([], [])


@pytest.mark.parametrize(
    ("at", "number"),
    [
        ("The incident, replayed", signal.SIGINT),
        ("$ deploy v1.0.0 -y", signal.SIGTERM),
        ("$ deploy v1.1.0 -y", signal.SIGHUP),
    ],
)
def test_interrupted_it_leaves_nothing_behind(
    told: subprocess.Popen[str], tmp_path: Path, at: str, number: signal.Signals
) -> None:
    read_until(told, at)
    told.send_signal(number)
    rest, _ = told.communicate(timeout=60)
    assert told.returncode == 128 + number, rest
    assert "everything that was started has been ended" in rest
    assert (mentioning(str(tmp_path)), list(tmp_path.glob("rollback-demo-*"))) == ([], [])


def test_what_is_missing_is_named_at_once_with_the_command_that_installs_it() -> None:
    with pytest.raises(Refused) as refused:
        require({"no-server": "a-server", "sh": "dash", "no-client": "a-client"}, ("json", "no_module"))
    assert (str(refused.value), refused.value.hint, refused.value.exit_code) == (
        "the demo needs no-server, no-client, no_module, not found here",
        "sudo apt-get install a-client a-server && pip install '.[demo]' in rollback's checkout",
        3,
    )
