"""Commands on a real sshd: what comes back, what is bounded, and what ends."""

from __future__ import annotations

import hashlib
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rollback.demo.sshd import start
from rollback.errors import OutsideProtocol, Unreachable
from rollback.hosts.ssh import SshTransport, connect
from rollback.model import Host, Ssh

CAP = 64 * 1024
PLENTY = 60.0  # seconds; nothing here takes as long
MIB = b"0123456789abcdef" * 65536


@pytest.mark.parametrize(
    ("command", "stdin", "expected"),
    [
        ("true", [], (0, b"")),
        ("exit 3", [], (3, b"")),
        ("echo out; echo err >&2", [], (0, b"out\n")),
        ("cat", [b"one ", b"", b"two"], (0, b"one two")),
        ("cat; exit 9", [b"x"], (9, b"x")),
        ("exit 4", [MIB, MIB, MIB, MIB], (4, b"")),
        ("exec 0<&-; echo deaf", [MIB, MIB, MIB, MIB], (0, b"deaf\n")),
        ("kill -9 $$", [], (None, b"")),
        ("test -t 0 || echo no terminal", [], (0, b"no terminal\n")),
        ("echo ${SSH_AUTH_SOCK:-no agent}", [], (0, b"no agent\n")),
        ("printf '\\377\\000\\033'", [], (0, b"\xff\0\x1b")),
    ],
)
def test_a_command_gives_its_status_and_its_stdout(
    transport: SshTransport, command: str, stdin: list[bytes], expected: tuple[int | None, bytes]
) -> None:
    assert transport.exec(command, stdin, PLENTY, CAP) == expected


def test_twenty_megabytes_arrive_whole(transport: SshTransport) -> None:
    wanted = hashlib.sha256(MIB * 20).hexdigest().encode()
    assert transport.exec("sha256sum", [MIB] * 20, PLENTY, CAP) == (0, wanted + b"  -\n")


def test_what_a_file_takes_is_not_held_in_memory(transport: SshTransport, tmp_path: Path) -> None:
    tracemalloc.start()
    with (tmp_path / "came").open("w+b") as came:
        assert transport.exec("head -c 50000000 /dev/zero", [], PLENTY, 50_000_000, came) == (0, b"")
        assert came.tell() == 50_000_000
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 10_000_000


def test_a_file_takes_no_more_than_it_may(transport: SshTransport, tmp_path: Path) -> None:
    with (tmp_path / "came").open("w+b") as came, pytest.raises(OutsideProtocol):
        transport.exec("yes", [], PLENTY, CAP, came)
    assert (tmp_path / "came").stat().st_size <= CAP


def test_a_host_that_answers_while_we_speak_stops_neither(transport: SshTransport) -> None:
    pieces = (MIB[start : start + 1000] for start in range(0, len(MIB), 1000) for _ in range(8))
    status, stdout = transport.exec("tee /dev/stderr", pieces, PLENTY, 20 * len(MIB))
    assert (status, len(stdout)) == (0, 8 * len(MIB))


def test_a_flood_is_outside_the_protocol_and_the_connection_still_serves(transport: SshTransport) -> None:
    with pytest.raises(OutsideProtocol, match=r"^web1 \(127.0.0.2 port \d+\) answered more than 65536 bytes\.$"):
        transport.exec("yes", [MIB] * 4, PLENTY, CAP)
    assert transport.exec("echo still here", [], PLENTY, CAP) == (0, b"still here\n")


def test_an_answer_of_exactly_the_cap_is_let_through(transport: SshTransport) -> None:
    status, stdout = transport.exec(f"head -c {CAP} /dev/zero", [], PLENTY, CAP)
    assert (status, len(stdout)) == (0, CAP)


def test_a_flood_of_complaints_keeps_its_last_words_cleaned(transport: SshTransport) -> None:
    command = "head -c 8000000 /dev/zero >&2; printf '\\033[31mlast words\\n' >&2; echo done"
    assert transport.exec(command, [], PLENTY, CAP) == (0, b"done\n")
    assert transport.last_words.endswith("\\x00\\x00\\x1b[31mlast words\n")
    assert len(transport.last_words) <= 4096


def test_last_words_are_those_of_the_last_command(transport: SshTransport) -> None:
    transport.exec("echo first >&2", [], PLENTY, CAP)
    transport.exec("true", [], PLENTY, CAP)
    assert transport.last_words == ""


@pytest.mark.parametrize("command", ["sleep 20", "cat >/dev/null; sleep 20", "while sleep 0.05; do echo x; done"])
def test_a_deadline_closes_the_connection(transport: SshTransport, command: str) -> None:
    with pytest.raises(Unreachable, match=r"^web1 did not finish within 0.3 s\.$"):
        transport.exec(command, [b"x"], 0.3, CAP)
    with pytest.raises(Unreachable, match=r"^The SSH connection to web1 \(127.0.0.2 port \d+\) failed: "):
        transport.exec("true", [], PLENTY, CAP)


def test_a_deadline_ends_a_command_that_does_not_listen(transport: SshTransport) -> None:
    with pytest.raises(Unreachable, match="did not finish"):
        transport.exec("sleep 20", [MIB] * 20, 0.5, CAP)


def test_what_the_caller_cannot_read_is_not_blamed_on_the_host(transport: SshTransport) -> None:
    def broken() -> Iterator[bytes]:
        yield MIB
        raise FileNotFoundError("the archive is gone")

    with pytest.raises(FileNotFoundError, match="the archive is gone"):
        transport.exec("cat >/dev/null", broken(), PLENTY, CAP)


def test_commands_of_several_threads_share_a_connection(transport: SshTransport) -> None:
    def work(number: int) -> tuple[int | None, bytes, str]:
        answer = transport.exec(f"cat; echo {number} >&2", [f"{number}".encode() * 50_000], PLENTY, 10 * CAP)
        return (*answer, transport.last_words)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(24)))
    assert answers == [(0, f"{number}".encode() * 50_000, f"{number}\n") for number in range(24)]


def test_closing_wakes_who_waits_and_may_be_done_twice(transport: SshTransport) -> None:
    timer = threading.Timer(0.3, transport.close)
    timer.start()
    assert transport.exec("echo begun; sleep 20", [], PLENTY, CAP) == (None, b"begun\n")
    timer.join()
    transport.close()


def test_a_host_that_ends_mid_answer_gives_no_status(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start(tmp_path_factory.mktemp("ssh"), "web9") as server:
        transport = connect(Host("web9", "/srv", Ssh(config=str(server.world.ssh_config), connect_timeout=20)))
        timer = threading.Timer(0.5, server.stop)
        timer.start()
        assert transport.exec("echo begun; sleep 20", [], PLENTY, CAP) == (None, b"begun\n")
        timer.join()
        transport.close()
