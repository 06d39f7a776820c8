"""Hosts that do not answer, answer too slowly, or are no SSH hosts at all: each ends, says why, and leaks nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.demo.sshd import Sshd
from rollback.errors import HostError, NotAdmitted, Unreachable
from rollback.hosts.ssh import connect
from rollback.model import Host
from tests.hosts.ssh.strangers import (
    Behaviour,
    dripping,
    endless,
    escapes,
    flooding,
    garbage,
    greeting_only,
    hanging_up,
    huge_packet,
    proxy,
    silent,
    stalling,
    stranger,
)


def at(host: Host, port: int, timeout: float = 0.4, address: str = "127.0.0.1") -> Host:
    return replace(host, ssh=replace(host.ssh, address=address, port=port, connect_timeout=timeout))


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture(autouse=True)
def _nothing_is_left_open(host: Host) -> Iterator[None]:  # noqa: ARG001  (its servers are running before we count)
    before = descriptors()
    yield
    deadline = time.monotonic() + 10
    while descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert descriptors() <= before


def failure(host: Host) -> HostError:
    with pytest.raises(HostError) as failed:
        connect(host)
    return failed.value


@pytest.mark.parametrize("behave", [silent, dripping, greeting_only])
def test_a_host_that_never_finishes_is_given_up_at_the_deadline(host: Host, behave: Behaviour) -> None:
    with stranger(behave) as port:
        error = failure(at(host, port))
    assert (type(error), str(error)) == (Unreachable, "web1 gave no SSH session within 0.4 s.")


@pytest.mark.parametrize("behave", [garbage, endless, flooding, hanging_up, huge_packet, escapes])
def test_what_is_no_ssh_server_is_unreachable_and_stays_off_the_terminal(host: Host, behave: Behaviour) -> None:
    with stranger(behave) as port:
        error = failure(at(host, port, timeout=20.0))
    assert type(error) is Unreachable
    assert str(error).startswith(f"The SSH connection to web1 (127.0.0.1 port {port}) failed: ")
    assert str(error).isprintable()


def test_a_port_where_nobody_listens_is_unreachable(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = failure(at(host, port, timeout=20.0))
    assert (type(error), str(error), error.hint) == (
        Unreachable,
        f"web1 (127.0.0.1 port {port}) cannot be reached: connection refused.",
        f"Is it up, and is {port} its SSH port?",
    )


def test_a_full_backlog_is_a_black_hole_that_ends(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
        port = server.getsockname()[1]
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        error = failure(at(host, port))
        for one in crowd:
            one.close()
    assert type(error) is Unreachable
    assert str(error) in {
        f"web1 (127.0.0.1 port {port}) cannot be reached: it did not answer in time.",
        "web1 gave no SSH session within 0.4 s.",
    }


def test_a_name_that_cannot_be(host: Host) -> None:
    error = failure(at(host, 22, timeout=20.0, address="a" * 70 + ".example"))
    assert type(error) is NotAdmitted
    assert "its name cannot be resolved" in str(error)


@pytest.mark.parametrize("after", [0, 10, 60, 700, 1200])
def test_a_connection_lost_on_the_way_in_is_unreachable(host: Host, sshd: Sshd, after: int) -> None:
    with proxy((sshd.address, sshd.port), after) as port:
        known = replace(host, ssh=replace(host.ssh, known_hosts="/dev/null", host_keys="accept-new"))
        error = failure(at(known, port, timeout=20.0))
    assert type(error) is Unreachable


def test_a_connection_lost_while_a_command_runs_gives_no_status(host: Host, sshd: Sshd) -> None:
    with proxy((sshd.address, sshd.port), 100_000) as port:
        known = replace(host, ssh=replace(host.ssh, known_hosts="/dev/null", host_keys="accept-new"))
        transport = connect(at(known, port, timeout=20.0))
        status, stdout = transport.exec("yes | head -c 1000000", [], 60.0, 2_000_000)
        transport.close()
    assert status is None
    assert stdout == (b"y\n" * 50_000)[: len(stdout)]


@pytest.mark.parametrize("after", [0, 500, 3000])
def test_a_peer_that_falls_silent_on_the_way_in_ends_at_the_deadline(host: Host, sshd: Sshd, after: int) -> None:
    with stalling((sshd.address, sshd.port), after) as port:
        known = replace(host, ssh=replace(host.ssh, known_hosts="/dev/null", host_keys="accept-new"))
        error = failure(at(known, port, timeout=0.8))
    assert (type(error), str(error)) == (Unreachable, "web1 gave no SSH session within 0.8 s.")


@pytest.mark.parametrize("stdin", [[], [b"x" * 4_000_000]], ids=["while it works", "while we upload"])
def test_a_peer_that_falls_silent_later_ends_at_the_deadline(host: Host, sshd: Sshd, stdin: list[bytes]) -> None:
    with stalling((sshd.address, sshd.port), 40_000) as port:
        known = replace(host, ssh=replace(host.ssh, known_hosts="/dev/null", host_keys="accept-new"))
        transport = connect(at(known, port, timeout=20.0))
        with pytest.raises(Unreachable, match=r"^web1 did not finish within 1 s\.$"):
            transport.exec("yes | head -c 1000000 >&2; cat >/dev/null", stdin, 1.0, 1000)
        transport.close()
