"""The dead-operator switch: when a host goes back by itself, when it does not, and that nothing stays behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from rollback.demo.sshd import Sshd
from rollback.errors import Unreachable
from rollback.hosts import requests
from rollback.hosts.remote import Agent
from rollback.hosts.ssh import connect
from rollback.model import Host, Intent, Sighting, Ssh
from tests.hosts.contract import NEW, OLD, Stage
from tests.hosts.local import MARK, LocalShell, fill, in_turn, running, wait_until, wait_until_nothing_runs
from tests.hosts.packages import Shared, host

POINTS = tuple(f"revert:{name}" for name in ("token", "fenced", "moved", "noted", "journal", "restarted"))


@pytest.fixture
def mark() -> str:
    """In the environment of everything that this test's host runs, so that it is found again."""
    return uuid4().hex


@pytest.fixture
def stage(shell: str, root: Path, tmp_path: Path, mark: str) -> Stage:
    return Stage(Agent("web1", LocalShell(shell, {MARK: mark})), host(root), tmp_path / "packages")


def switched(stage: Stage, confirm: float = 1, **commands: str) -> None:
    """NEW is live and not confirmed yet; before it was OLD."""
    stage.acquire()
    stage.bring(OLD, NEW)
    assert stage.activate(OLD, None).status == "ok"
    stage.host = replace(stage.host, **commands)  # type: ignore[arg-type]
    assert stage.activate(NEW, OLD, journal=b"{}\n", confirm=confirm).status == "ok"


def is_reverted(seen: Sighting) -> bool:
    return seen.intent is not None and seen.intent.state == "reverted"


def test_it_goes_back_as_a_rollback_does(stage: Stage, root: Path, mark: str) -> None:
    told = 'echo {} $ROLLBACK_TAG $ROLLBACK_COMMIT $ROLLBACK_RELEASE $WHO in $(pwd -P | sed "s/.*-//") >>../../told'
    switched(stage, drain=told.format("drain"), restart=told.format("restart"), undrain=told.format("undrain"))
    wait_until_nothing_runs(mark)
    old, new = OLD.commit[:12], NEW.commit[:12]
    assert (root / "told").read_text().splitlines()[2:] == [
        f"drain in {new}",
        f"restart {OLD.tag} {OLD.commit} {OLD.id} in {old}",
        f"undrain {OLD.tag} {OLD.commit} {OLD.id} in {old}",
    ]


def test_renewals_keep_it(stage: Stage) -> None:
    switched(stage, confirm=4)
    until = time.monotonic() + 8
    while time.monotonic() < until:
        assert stage.ask(requests.renew(stage.host, "OP1", 1, 60)).status == "ok"
        time.sleep(0.2)
    assert stage.seen().live == NEW.id
    stage.finish()


def test_a_command_that_runs_keeps_it(stage: Stage, root: Path) -> None:
    switched(stage, restart="sleep 4; readlink ../../current >>../../live")
    assert (root / "live").read_text() == f"releases/{NEW.id}\n"
    stage.wait_for(is_reverted)
    wait_until(lambda: (root / "live").read_text() == f"releases/{NEW.id}\nreleases/{OLD.id}\n")


@pytest.mark.parametrize(
    "then",
    [
        lambda stage: stage.finish(),
        lambda stage: stage.finish(keep="stranded"),
        lambda stage: stage.activate(OLD, NEW),
        lambda stage: stage.acquire("OP2", steal="OP1"),
    ],
    ids=["confirmed", "stranded", "gone back", "taken over"],
)
def test_the_watcher_ends_when_something_else_is_done(stage: Stage, then: Callable[[Stage], object], mark: str) -> None:
    switched(stage, confirm=2)
    assert running(mark)
    then(stage)
    live = stage.seen().live
    wait_until_nothing_runs(mark)
    assert stage.seen().live == live
    assert not is_reverted(stage.seen())


def test_the_watcher_ends_with_its_host(stage: Stage, root: Path, mark: str) -> None:
    switched(stage)
    root.rename(root.with_name("gone"))
    wait_until_nothing_runs(mark)


def test_where_there_is_nothing_to_go_back_to_it_stays(stage: Stage, mark: str) -> None:
    stage.acquire()
    stage.bring(NEW)
    assert stage.activate(NEW, None, confirm=1).status == "ok"
    wait_until_nothing_runs(mark)
    seen = stage.seen()
    assert (seen.live, seen.intent) == (NEW.id, Intent("OP1", 1, None, NEW.id, "switched"))
    assert stage.finish().status == "ok"


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / ".rollback/complete" / OLD.id).unlink(),
        lambda root: ((root / "current").unlink(), (root / "current").symlink_to(f"releases/{OLD.id}")),
    ],
    ids=["the one before is not complete", "somebody was here"],
)
def test_it_does_not_make_things_worse(stage: Stage, root: Path, mark: str, change: Callable[[Path], object]) -> None:
    switched(stage)
    change(root)
    live = (root / "current").readlink()
    wait_until_nothing_runs(mark)
    assert ((root / "current").readlink(), is_reverted(stage.seen())) == (live, False)
    assert stage.finish().status == "ok"


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_does_not_stop_it(stage: Stage, root: Path, mark: str) -> None:
    switched(stage)
    fill(root)
    wait_until_nothing_runs(mark)
    assert (stage.seen().live, is_reverted(stage.seen())) == (OLD.id, True)


def test_what_it_restarts_ignores_no_hangup(stage: Stage, root: Path, mark: str) -> None:
    switched(stage, restart="grep SigIgn /proc/self/status >>../../ignored")
    wait_until_nothing_runs(mark)
    ignored = [int(line.split()[1], 16) for line in (root / "ignored").read_text().splitlines()]
    assert [one & 0b1_0000_0000_0001 for one in ignored] == [0, 0], "neither HUP nor PIPE"


@pytest.mark.parametrize(("point", "shell"), in_turn(POINTS), indirect=["shell"])
def test_a_kill_of_the_watcher_leaves_a_host_that_can_be_helped(
    shell: str, root: Path, tmp_path: Path, point: str, mark: str
) -> None:
    shells = LocalShell(shell, {MARK: mark, "ROLLBACK_FAILPOINT": point})
    stage = Stage(Agent("web1", shells), host(root, restart="true"), tmp_path / "packages")
    switched(stage)
    wait_until_nothing_runs(mark)
    assert (root / "current" / "REVISION").is_file(), "current is always a complete release"
    seen = stage.seen()
    assert seen.live == (NEW.id if point in {"revert:token", "revert:fenced"} else OLD.id)
    late = stage.ask(requests.renew(stage.host, "OP1", 1, 60)).status
    assert late == ("ok" if point == "revert:token" else "fenced")
    stage.remote = Agent("web1", LocalShell(shell))
    assert stage.acquire("OP2", steal="OP1").first("token") == "3"
    assert stage.activate(OLD, OLD, NEW).status == "ok"
    assert stage.finish().status == "ok"
    seen = stage.seen()
    assert (seen.live, seen.lease, seen.intent) == (OLD.id, None, None)
    assert stage.ask(requests.inspect(stage.host, (OLD,), Shared())).first("kept") == f"{OLD.id} intact"


@pytest.mark.parametrize("point", ["drained", "link", "moved", "switched", "restarted"])
def test_a_host_whose_shell_was_killed_goes_back_too(stage: Stage, shell: str, point: str, mark: str) -> None:
    stage.acquire()
    stage.bring(OLD, NEW)
    stage.activate(OLD, None)
    stage.host = replace(stage.host, drain="true", restart="true")
    healthy = stage.remote
    stage.remote = Agent("web1", LocalShell(shell, {MARK: mark, "ROLLBACK_FAILPOINT": point}))
    with pytest.raises(Unreachable):
        stage.activate(NEW, OLD, confirm=1)
    stage.remote = healthy
    wait_until_nothing_runs(mark)
    assert stage.seen().live == OLD.id


def test_it_outlives_the_connection(sshd: Sshd, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    reached = Host(sshd.name, str(root), Ssh(config=str(sshd.world.ssh_config)))
    transport = connect(reached)
    stage = Stage(Agent(sshd.name, transport), reached, tmp_path / "packages")
    switched(stage)
    transport.close()
    transport = connect(reached)
    stage.remote = Agent(sshd.name, transport)
    try:
        seen = stage.wait_for(is_reverted)
        assert (seen.live, stage.finish().status) == (OLD.id, "fenced")
    finally:
        transport.close()
