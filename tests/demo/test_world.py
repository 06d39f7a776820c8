"""A real world: built, used, and gone without a trace; and a host can be taken out without anybody noticing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rollback.demo import remains
from rollback.demo.load import Load
from rollback.playbook.load import load
from tests.demo.conftest import Hands

START = datetime(2000, 1, 1, tzinfo=UTC)
EVERYONE = frozenset({"web1", "web2", "web3"})


def mentioning(text: str) -> list[str]:
    """Command lines of living processes that name it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found


def _until(people: Load, seen: Callable[[], bool]) -> None:
    """Until people have seen it; a world in which they never do fails the test."""
    for _ in range(600):
        if seen():
            return
        people.over.wait(0.05)
    raise AssertionError(f"not seen in 30 s: {people.count(START, datetime.now(UTC))}")


def test_hosts_are_drained_and_restarted_without_a_failed_request(hands: Hands) -> None:
    with Load(hands.world.url, hands.world.names_by_address) as people:
        _until(people, lambda: set(people.count(START, datetime.now(UTC)).releases) == {"v1.0.0"})
        for host in ("web1", "web2", "web3"):
            hands.do(host, "drain")
            hands.put(host, "v1.1.0")
            hands.do(host, "restart", "undrain")
        _until(people, lambda: people.count(START, datetime.now(UTC)).releases.get("v1.1.0") == EVERYONE)
    assert people.failures(START) == ()


def test_two_hosts_at_once_are_drained_and_nobody_is_sent_there(hands: Hands) -> None:
    with Load(hands.world.url, hands.world.names_by_address) as people:
        drains = [threading.Thread(target=hands.do, args=(host, "drain")) for host in ("web1", "web2")]
        for drain in drains:
            drain.start()
        for drain in drains:
            drain.join()
        drained = datetime.now(UTC)
        for host in ("web1", "web2"):
            hands.put(host, "v1.2.0")
            hands.do(host, "restart")
        _until(people, lambda: people.count(drained, datetime.now(UTC)).asked > 20)
        assert people.count(drained, datetime.now(UTC)).releases == {"v1.0.0": frozenset({"web3"})}
        assert people.failures(START) == ()
        hands.do("web1", "undrain")
        _until(people, lambda: people.count(drained, datetime.now(UTC)).failed > 0)
    assert {(one.asked, one.status, one.host) for one in people.failures(START)} == {("POST /login", 500, "web1")}


def test_stopping_leaves_no_process_and_no_folder(hands: Hands) -> None:
    folder = hands.world.folder
    assert len(remains.marked(folder)) >= 6, "three gunicorns with a worker each"
    assert len([line for line in mentioning(str(folder)) if "nginx" in line or "sshd" in line]) >= 4
    subprocess.run([str(folder / "stop.sh")], check=True, stdout=subprocess.DEVNULL)
    assert (remains.marked(folder), mentioning(str(folder)), folder.exists()) == ([], [], False)
    folder.mkdir()


def test_only_a_demos_folder_is_stopped(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "rollback.demo.stop", str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert (told.returncode, told.stderr) == (2, f"{tmp_path} is not a folder of `rollback demo`\n")
    assert tmp_path.is_dir()


def test_the_playbook_is_the_ready_one_with_this_worlds_places(hands: Hands) -> None:
    path = hands.world.shop / "playbooks" / "shop.yml"
    environment = load(path).environment(None)
    assert [(host.name, host.root, host.vars["port"]) for host in environment.hosts] == [
        (place.name, str(hands.world.root(place.name)), str(place.port)) for place in hands.world.hosts
    ]
    assert {host.restart for host in environment.hosts} == {str(hands.world.folder / "bin" / "restart.sh")}
    assert environment.url == hands.world.url
    assert "# A restart that did not take is found here" in path.read_text()
