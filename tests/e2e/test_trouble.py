"""What goes wrong in the middle of the main job, with real processes on real hosts, and what is left behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from tests.cli.command import Ran
from tests.e2e.small import Small

_AT_REST = ["answer", "ballast", "busy", "complete", "journal", "mutex", "next", "previous", "staged", "token"]


WAITS = 'touch "$ROLLBACK_ROOT/shared/slow"\nwhile [ ! -e "$ROLLBACK_ROOT/shared/go" ]; do sleep 0.05; done\n'


def left(small: Small) -> list[list[str]]:
    """What lies in each host's state folder."""
    return [sorted(path.name for path in (small.root(host) / ".rollback").iterdir()) for host in small.hosts]


def slow(small: Small, script: str, tag: str) -> None:
    """A release whose prepare.sh or restart.sh first waits until it is let go."""
    path = small.project / script
    before = path.read_text()
    path.write_text(WAITS + before)
    small.release(tag)
    path.write_text(before)


def let_go(small: Small) -> None:
    for host in small.hosts:
        (small.root(host) / "shared/go").touch()


def until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.02)


def cut(small: Small, *words: str, by: tuple[int, ...]) -> Ran:
    """`rollback words…`, which gets these signals once the sleep of web1 began."""
    with small.started(*words) as process:
        until((small.root("web1") / "shared/slow").exists)
        for number in by:
            process.send_signal(number)
            time.sleep(0.3)
        let_go(small)
        out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, err)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_while_preparing_nothing_is_left_and_the_next_may_begin(
    small: Small, number: int, code: int
) -> None:
    small.deployed("v1", "v2")
    slow(small, "prepare.sh", "v4")
    ended = cut(small, "deploy", "v4", "-y", "--json", by=(number,))
    assert (ended.code, ended.json["message"]) == (code, "interrupted before anything live changed")
    assert (small.lives(), left(small)) == (["v2", "v2"], [_AT_REST, _AT_REST])
    assert small.run("deploy", "v1", "-y").code == 0


def test_interrupted_while_restarting_it_goes_back_and_says_so_the_second_time(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "restart.sh", "v4")
    ended = cut(small, "deploy", "v4", "-y", "--json", by=(signal.SIGINT, signal.SIGINT))
    assert (ended.code, small.lives()) == (10, ["v2", "v2"])
    assert ended.json["message"] == "v4 was not finished (interrupted); v2 is back and verified"
    assert "not now: the hosts are being put in order first" in ended.err
    assert left(small) == [_AT_REST, _AT_REST]


def test_after_a_kill_a_rollback_from_the_same_machine_takes_over_at_once_and_settles_all(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "restart.sh", "v4")
    assert cut(small, "deploy", "v4", "-y", by=(signal.SIGKILL,)).code == -9
    assert small.lives() == ["v4", "v2"]
    status = small.run("status")
    assert ("! unfinished: operation" in status.out, status.err) == (True, "  next      rollback resume\n")
    back = small.run("-y")
    assert (back.code, small.lives(), left(small)) == (0, ["v2", "v2"], [_AT_REST, _AT_REST])
    assert "took the lease away from" in back.err
    assert "left by   deploy v4" in back.err
    assert small.run("status", "--json").json["data"]["unfinished"] == []


def test_after_a_kill_a_deploy_first_puts_in_order_what_was_left(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "restart.sh", "v4")
    cut(small, "deploy", "v4", "-y", by=(signal.SIGKILL,))
    again = small.run("deploy", "v4", "-y")
    assert (again.code, small.lives(), left(small)) == (0, ["v4", "v4"], [_AT_REST, _AT_REST])
    rows = small.run("history", "--json").json["data"]
    assert [(row["what"], row["outcome"]) for row in rows[:3]] == [
        ("deploy v4", "done"),
        ("resume v2", "done"),
        ("deploy v4", None),
    ]


def test_from_another_machine_it_is_held_until_it_is_stolen_and_then_known_from_the_hosts_alone(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "restart.sh", "v4")
    cut(small, "deploy", "v4", "-y", by=(signal.SIGKILL,))
    for host in small.hosts:
        lease = small.root(host) / ".rollback/lease"
        lease.write_text(lease.read_text().rpartition(" ")[0] + " another,1,1,1\n")
    other = str(small.folder / "other")
    held = small.run("resume", "-y", XDG_DATA_HOME=other)
    assert (held.code, small.lives()) == (4, ["v4", "v2"])
    operation = held.err.rpartition("rollback unlock ")[2].strip()
    done = small.run("resume", "-y", "--steal", operation, XDG_DATA_HOME=other)
    assert (done.code, small.lives(), left(small)) == (0, ["v2", "v2"], [_AT_REST, _AT_REST])
    assert "left by   deploy v4" in done.err
    assert small.run("resume", "-y", XDG_DATA_HOME=other).out == "✓ nothing was left undone on production\n"


def test_unlock_takes_the_lease_away_from_a_deploy_which_then_stops_where_it_is(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "prepare.sh", "v4")
    with small.started("deploy", "v4", "-y", "--json") as process:
        until((small.root("web1") / "shared/slow").exists)
        unlocked = small.run("unlock", "-y")
        let_go(small)
        out, err = process.communicate(timeout=60)
    assert (unlocked.code, process.returncode, small.lives()) == (0, 4, ["v2", "v2"]), err
    assert "was taken away" in Ran(4, out, err).json["message"]
    assert small.run("resume", "-y").code == 0
    assert (left(small), small.run("deploy", "v4", "-y").code) == ([_AT_REST, _AT_REST], 0)


def test_a_rollback_that_takes_the_lease_does_not_wait_for_what_the_deploy_prepares(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "prepare.sh", "v4")
    with small.started("deploy", "v4", "-y") as process:
        until((small.root("web1") / "shared/slow").exists)
        operation = small.run("-y").err.rpartition("rollback unlock ")[2].strip()
        back = small.run("-y", "--steal", operation)
        process.communicate(timeout=60)
    assert (back.code, process.returncode, small.lives()) == (0, 4, ["v1", "v1"]), back.err


def test_a_rollback_may_wait_for_a_deploy(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "prepare.sh", "v4")
    with small.started("deploy", "v4", "-y") as first:
        until((small.root("web1") / "shared/slow").exists)
        with small.started("--wait", "1m", "-y") as second:
            time.sleep(1)
            let_go(small)
            _, err = second.communicate(timeout=60)
        first.communicate(timeout=60)
    assert (first.returncode, second.returncode, small.lives()) == (0, 0, ["v2", "v2"]), err


def test_a_second_deploy_is_told_who_is_at_it(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "prepare.sh", "v4")
    with small.started("deploy", "v4", "-y") as first:
        until((small.root("web1") / "shared/slow").exists)
        second = small.run("deploy", "v1", "-y")
        let_go(small)
        first.communicate(timeout=60)
    assert (second.code, first.returncode, small.lives()) == (4, 0, ["v4", "v4"])
    assert "in phase prepare" in second.err


def test_a_canary_that_is_lost_is_pending_and_does_not_hold_up_who_comes_to_help(small: Small) -> None:
    small.deployed("v1", "v2")
    slow(small, "restart.sh", "v4")
    with small.started("deploy", "v4", "-y", "--json") as process:
        until((small.root("web1") / "shared/slow").exists)
        small.hosts["web1"].stop()
        let_go(small)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 14, err
    assert Ran(14, out, err).json["data"]["ending"]["away"] == ["web1"]
    assert small.run("verify").code == 13
    assert small.run("-y").code == 14
