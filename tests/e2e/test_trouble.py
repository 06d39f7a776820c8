"""What goes wrong in the middle of the main job, with real processes on real hosts, and what is left behind."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import Ran
from tests.e2e.small import Small

_AT_REST = ["answer", "ballast", "busy", "complete", "journal", "mutex", "previous", "staged", "token"]


def left(small: Small) -> list[list[str]]:
    """What lies in each host's state folder."""
    return [sorted(path.name for path in (small.root(host) / ".rollback").iterdir()) for host in small.hosts]


def deployed(small: Small, *tags: str) -> None:
    for tag in tags:
        assert small.run("deploy", tag, "-y").code == 0


def slow(small: Small, script: str, tag: str) -> None:
    """A release whose prepare.sh or restart.sh begins with a long sleep."""
    path = small.project / script
    before = path.read_text()
    path.write_text(f"touch $ROLLBACK_ROOT/shared/slow\nsleep 2\n{before}")
    small.release(tag)
    path.write_text(before)


def until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.02)


def _idle(lock: Path) -> bool:
    return subprocess.run(["flock", "-n", str(lock), "true"], check=False).returncode == 0


def cut(small: Small, *words: str, by: tuple[int, ...]) -> Ran:
    """`rollback words…`, which gets these signals once the sleep of web1 began."""
    with small.started(*words) as process:
        until((small.root("web1") / "shared/slow").exists)
        for number in by:
            process.send_signal(number)
            time.sleep(0.3)
        out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, err)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_while_preparing_nothing_is_left_and_the_next_may_begin(
    small: Small, number: int, code: int
) -> None:
    deployed(small, "v1", "v2")
    slow(small, "prepare.sh", "v4")
    ended = cut(small, "deploy", "v4", "-y", "--json", by=(number,))
    assert (ended.code, ended.json["message"]) == (code, "interrupted before anything live changed")
    assert (small.lives(), left(small)) == (["v2", "v2"], [_AT_REST, _AT_REST])
    assert small.run("deploy", "v1", "-y").code == 0


def test_interrupted_while_restarting_it_goes_back_and_says_so_the_second_time(small: Small) -> None:
    deployed(small, "v1", "v2")
    slow(small, "restart.sh", "v4")
    ended = cut(small, "deploy", "v4", "-y", "--json", by=(signal.SIGINT, signal.SIGINT))
    assert (ended.code, small.lives()) == (10, ["v2", "v2"])
    assert ended.json["message"] == "v4 was not finished (interrupted); v2 is back and verified"
    assert "not now: the hosts are being put in order first" in ended.err
    assert left(small) == [_AT_REST, _AT_REST]


def test_after_a_kill_the_lease_holds_until_it_expires_and_then_a_rollback_settles_all(small: Small) -> None:
    deployed(small, "v1", "v2")
    slow(small, "restart.sh", "v4")
    assert cut(small, "deploy", "v4", "-y", by=(signal.SIGKILL,)).code == -9
    held = small.run("-y")
    assert (held.code, small.lives()) == (4, ["v4", "v2"])
    until(lambda: _idle(small.root("web1") / ".rollback/busy"))
    for host in small.hosts:  # instead of a minute's wait
        lease = small.root(host) / ".rollback/lease"
        words = lease.read_text().split()
        lease.write_text(" ".join([*words[:3], "1", *words[4:]]) + "\n")
    assert len(small.run("status", "--json").json["data"]["unfinished"]) == 1
    back = small.run("-y")
    assert (back.code, small.lives(), left(small)) == (0, ["v2", "v2"], [_AT_REST, _AT_REST])
    assert "took over the expired lease of" in back.err
    assert small.run("status", "--json").json["data"]["unfinished"] == []


def test_a_second_deploy_is_told_who_is_at_it(small: Small) -> None:
    deployed(small, "v1", "v2")
    slow(small, "prepare.sh", "v4")
    with small.started("deploy", "v4", "-y") as first:
        until((small.root("web1") / "shared/slow").exists)
        second = small.run("deploy", "v1", "-y")
        first.communicate(timeout=60)
    assert (second.code, first.returncode, small.lives()) == (4, 0, ["v4", "v4"])
    assert "in phase prepare" in second.err


def test_a_canary_that_is_lost_is_pending_and_does_not_hold_up_who_comes_to_help(small: Small) -> None:
    deployed(small, "v1", "v2")
    slow(small, "restart.sh", "v4")
    with small.started("deploy", "v4", "-y", "--json") as process:
        until((small.root("web1") / "shared/slow").exists)
        small.hosts["web1"].stop()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 14, err
    assert Ran(14, out, err).json["data"]["ending"]["away"] == ["web1"]
    assert small.run("verify").code == 13
    assert small.run("-y").code == 14
