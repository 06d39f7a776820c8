"""Many hosts behind one jump host: one connection to it, its end, its refusals, and who makes it anew."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from rollback.demo.sshd import Sshd
from rollback.errors import HostError, NotAdmitted, Unreachable
from rollback.hosts.jump import Jump, Shared
from rollback.hosts.pool import Pool
from rollback.hosts.protocol import Answer, Request
from rollback.hosts.ssh import SshTransport, connect
from rollback.model import Host
from tests.hosts.ssh.conftest import Config, Keygen, through

PLENTY = 60.0
NAMES = tuple(f"app{number}" for number in range(10))


def behind(configured: Config, sshd: Sshd, bastion: Sshd, more: str = "") -> tuple[Host, ...]:
    """Ten names of web1, all behind the bastion."""
    own = f"HostName {sshd.address}\n Port {sshd.port}\n IdentityFile {sshd.world.client_key}\n"
    known = f" UserKnownHostsFile {sshd.world.known_hosts}\n"
    one = configured(f"{through(bastion, more)}Host app*\n ProxyJump bastion\n {own}{known}")
    return tuple(replace(one, name=name) for name in NAMES)


def logins(server: Sshd) -> int:
    return server.log.count("Accepted publickey")


def sessions(server: Sshd) -> list[int]:
    """The processes that serve somebody now."""
    found, fresh = list[int](), [server.pid]
    while fresh:
        fresh = [int(one) for pid in fresh for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        found += fresh
    return found


def wait_until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PLENTY
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ten_hosts_cost_one_login_until_the_last_is_left(configured: Config, sshd: Sshd, bastion: Sshd) -> None:
    hosts = behind(configured, sshd, bastion)
    before = logins(sshd)
    with ThreadPoolExecutor(len(hosts)) as threads:
        opened = list(threads.map(connect, hosts))
        said = list(threads.map(lambda one: one.exec("echo here", [], PLENTY, 100), opened))
        list(threads.map(SshTransport.close, opened[1:]))
    assert said == [(0, b"here\n")] * len(hosts)
    assert opened[0].exec("echo still", [], PLENTY, 100) == (0, b"still\n")
    assert (logins(bastion), logins(sshd) - before) == (1, 10)
    opened[0].close()
    wait_until(lambda: not sessions(bastion))
    connect(hosts[0]).close()
    assert logins(bastion) == 2


class Patient:
    """Answers once the file `go` is there; says in the file `begun` that it waits for it."""

    def __init__(self, host: Host, folder: Path) -> None:
        self._transport, self._folder = connect(host), folder

    def ask(self, _: Request) -> Answer:
        command = f"cd {self._folder}; echo >> begun; until [ -e go ]; do sleep 0.05; done; echo ok"
        status, said = self._transport.exec(command, [], PLENTY, 100)
        if status is None:
            raise Unreachable("lost")
        return Answer(said.decode().strip())

    def dial(self, address: str, port: int) -> socket.socket:
        return self._transport.dial(address, port)

    def close(self) -> None:
        self._transport.close()


def test_a_jump_host_that_is_lost_is_gone_to_once_more_and_every_host_is_asked_again(
    configured: Config, sshd: Sshd, bastion: Sshd, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    pool = Pool(behind(configured, sshd, bastion), lambda host: Patient(host, tmp_path))
    with ThreadPoolExecutor(len(NAMES)) as threads:
        asked = [threads.submit(pool.ask, name, Request("sight", ())) for name in NAMES]
        wait_until(lambda: begun.exists() and len(begun.read_text()) == len(NAMES))
        for pid in sessions(bastion):
            os.kill(pid, signal.SIGKILL)
        (tmp_path / "go").touch()
        assert [one.result() for one in asked] == [Answer("ok", uncertain=True)] * len(NAMES)
    pool.close()
    assert logins(bastion) == 2


def test_a_jump_host_that_falls_silent_is_given_up(configured: Config, sshd: Sshd, bastion: Sshd) -> None:
    """Nothing says that a network has lost a connection; the next try must not wait on it again."""
    hosts = [replace(one, ssh=replace(one.ssh, connect_timeout=2.0)) for one in behind(configured, sshd, bastion)[:2]]
    said = list[str]()

    def opened(host: Host) -> SshTransport:
        """In the end: this machine may stand still, too."""
        deadline = time.monotonic() + PLENTY
        while time.monotonic() < deadline:
            try:
                return connect(host)
            except Unreachable as error:
                said.append(str(error))
        raise AssertionError(said)

    first = opened(hosts[0])
    said.clear()
    for pid in sessions(bastion):
        os.kill(pid, signal.SIGSTOP)
    opened(hosts[1]).close()
    assert f"app1 ({sshd.address} port {sshd.port}) was not reached: Timeout opening channel." in said[0]
    assert said[0].startswith("bastion (127.0.0.9 port ")
    for pid in sessions(bastion):
        os.kill(pid, signal.SIGCONT)
    first.close()


def test_jump_hosts_in_a_row_are_gone_through_one_after_the_other(configured: Config, bastion: Sshd) -> None:
    second = f"Host second\n HostName {bastion.address}\n Port {bastion.port}\n"
    keys = f" IdentityFile {bastion.world.client_key}\n UserKnownHostsFile {bastion.world.known_hosts}\n"
    host = configured(f"{through(bastion, 'ProxyJump bastion,second')}{second}{keys}")
    opened = [connect(host), connect(host)]
    assert [one.exec('echo "${SSH_CONNECTION%% *}"', [], PLENTY, 100) for one in opened] == [(0, b"127.0.0.1\n")] * 2
    assert logins(bastion) == 2  # one at each of its names
    for one in opened:
        one.close()


def test_a_jump_host_that_forbids_it_says_so_in_one_sentence(
    configured: Config, sshd: Sshd, bastion: Sshd, tmp_path: Path
) -> None:
    config = tmp_path / "sshd_config"
    config.write_text(f"AllowTcpForwarding no\n{(bastion.folder / 'sshd_config').read_text()}")
    reached = f"Host bastion\n ProxyCommand /usr/sbin/sshd -i -f {config} -E {tmp_path}/log\n"
    for host in behind(configured, sshd, bastion, f"ProxyJump bastion\n{reached}")[:2]:
        with pytest.raises(NotAdmitted) as refused:
            connect(host)
        said = f"bastion (127.0.0.9 port {bastion.port}) forbids to go through it to this host."
        assert str(refused.value) == said
        assert "AllowTcpForwarding" in refused.value.hint


def test_each_of_many_hosts_that_are_refused_at_once_hears_its_own_reason(
    configured: Config, sshd: Sshd, bastion: Sshd, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    config = tmp_path / "sshd_config"
    config.write_text(f"PermitOpen 127.0.0.1:{closed}\n{(bastion.folder / 'sshd_config').read_text()}")
    reached = f"Host bastion\n ProxyCommand /usr/sbin/sshd -i -f {config} -E {tmp_path}/log\n"
    hosts = behind(configured, sshd, bastion, f"ProxyJump bastion\n{reached}")
    away = [replace(host, ssh=replace(host.ssh, address="127.0.0.1", port=closed)) for host in hosts]
    mixed = [one for pair in zip(hosts, away, strict=True) for one in pair] * 3

    def refusal(host: Host) -> str:
        with pytest.raises(HostError) as refused:
            connect(host)
        return str(refused.value)

    with ThreadPoolExecutor(len(mixed)) as threads:
        found = list(threads.map(refusal, mixed))
    assert ["forbids" in one for one in found] == [True, False] * 30
    assert ["nothing answers there" in one for one in found] == [False, True] * 30


def test_a_jump_host_whose_key_has_changed_is_refused_by_name(
    configured: Config, sshd: Sshd, bastion: Sshd, keygen: Keygen
) -> None:
    other = keygen("other").with_name("other.pub").read_text()
    bastion.world.known_hosts.write_text(f"[127.0.0.9]:{bastion.port} {other}")
    for host in behind(configured, sshd, bastion)[:2]:
        with pytest.raises(
            NotAdmitted, match=rf"^The host key of bastion \(127.0.0.9 port {bastion.port}\) is not the"
        ):
            connect(host)
    assert logins(bastion) == 0


class Far:
    """A jump host as far as sharing it goes."""

    lost = closed = False

    def close(self) -> None:
        self.closed = True


class Making:
    """Hands out or raises these, one after the other; `may` lets it."""

    def __init__(self, *results: Far | HostError) -> None:
        self.results, self.made = list(results), 0
        self.begun, self.may = threading.Event(), threading.Event()

    def __call__(self) -> Jump:
        self.begun.set()
        assert self.may.wait(PLENTY)
        self.made += 1
        result = self.results.pop(0)
        if isinstance(result, HostError):
            raise result
        return cast("Jump", result)


def test_how_it_went_counts_for_all_who_waited() -> None:
    making = Making(NotAdmitted("no"), Far())
    shared = Shared(making)

    def told() -> str:
        with ExitStack() as until, pytest.raises(NotAdmitted) as refused:
            shared.hold(until)
        return str(refused.value)

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(told)
        assert making.begun.wait(PLENTY)
        others = [threads.submit(told) for _ in range(7)]
        wait_until(lambda: shared.holders == 8)
        making.may.set()
        assert [one.result() for one in (first, *others)] == ["no"] * 8
    assert making.made == 1
    with ExitStack() as until:
        shared.hold(until)
    assert making.made == 2  # the next one tries again


def test_what_was_lost_is_made_anew_once_and_closed_by_the_last_who_had_it() -> None:
    old, new = Far(), Far()
    making = Making(old, new)
    making.may.set()
    shared = Shared(making)
    with ExitStack() as one, ExitStack() as two, ExitStack() as three:
        shared.hold(one)
        shared.hold(two)
        old.lost = True
        assert [cast("Far", shared.hold(three)), cast("Far", shared.hold(three))] == [new, new]
        one.close()
        assert not old.closed
        two.close()
        assert (old.closed, new.closed) == (True, False)
    assert (new.closed, making.made) == (True, 2)
