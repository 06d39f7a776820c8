"""The demo's real servers: they serve, they are named, and nothing of them is left."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from rollback.demo.ssh_world import program
from rollback.demo.sshd import Sshd, start
from rollback.errors import UsageError


def run(server: Sshd, command: str) -> str:
    ssh = ["ssh", "-F", str(server.world.ssh_config), server.name, command]
    return subprocess.run(ssh, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def until_gone(pids: Iterable[int]) -> bool:
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_each_server_of_a_world_answers_plain_ssh_with_its_own_home_and_environment(tmp_path: Path) -> None:
    world = tmp_path / "a world"
    with (
        start(world, "web1", "127.0.0.2", environment={"SAY": 'a "b" \\ c'}) as web1,
        start(world, "web2", "127.0.0.3") as web2,
    ):
        command = 'echo "$HOME|$SAY"'
        assert [run(web1, command), run(web2, command)] == [
            f'{web1.folder / "home"}|a "b" \\ c\n',
            f"{web2.folder / 'home'}|\n",
        ]


def test_stop_ends_the_server_and_its_sessions(tmp_path: Path) -> None:
    with start(tmp_path, "web1") as server:
        ssh = ["ssh", "-F", str(server.world.ssh_config), "web1", "echo $$; sleep 60 & echo $!; wait"]
        client = subprocess.Popen(ssh, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        assert client.stdout is not None
        pids = [server.pid, int(client.stdout.readline()), int(client.stdout.readline())]
    client.communicate(timeout=20)
    assert until_gone(pids)


def test_a_server_started_again_keeps_its_key_and_is_named_once(tmp_path: Path) -> None:
    with start(tmp_path, "web1") as first:
        key = (first.folder / "host_key.pub").read_text()
    with start(tmp_path, "web1") as second:
        assert (second.folder / "host_key.pub").read_text() == key
        assert second.world.ssh_config.read_text().count("Host web1") == 1
        assert run(second, "echo hello") == "hello\n"


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with (
        start(tmp_path, "web1") as first,
        pytest.raises(UsageError, match=rf"sshd for web2 did not start on 127.0.0.1:{first.port}: .*in use"),
    ):
        start(tmp_path, "web2", port=first.port)


def test_a_missing_program_names_its_package() -> None:
    with pytest.raises(UsageError) as refused:
        program("rollback-has-no-such-sshd", "openssh-server")
    assert (str(refused.value), refused.value.hint) == (
        "rollback-has-no-such-sshd is not installed here.",
        "apt-get install openssh-server",
    )
