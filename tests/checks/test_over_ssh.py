"""The host's view as it is in earnest: through a real sshd, to an app that only the host itself can reach."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollback.demo.sshd import Sshd
from rollback.hosts.ssh import SshTransport, connect
from rollback.model import Host, Result, Ssh
from tests.checks.test_flow import LOGIN, broken, shop
from tests.checks.world import Hosts, Page, closed_port, serving, told, world


@pytest.fixture
def transport(sshd: Sshd) -> Iterator[SshTransport]:
    opened = connect(Host("web1", "/srv/shop", Ssh(config=str(sshd.world.ssh_config), connect_timeout=20.0)))
    yield opened
    opened.close()


class Real(Hosts):
    """Dials through SSH."""

    def __init__(self, transport: SshTransport) -> None:
        super().__init__()
        self._transport = transport

    def dial(self, host: str, address: str, port: int) -> socket.socket:
        self.dialled.append((host, address, port))
        return self._transport.dial(address, port)


def test_a_flow_goes_through_ssh(transport: SshTransport) -> None:
    with serving(shop) as app:
        small = world(LOGIN.replace("PORT", str(app.port)), fleet=Real(transport), environ={"PASSWORD": "s3cret"})
        assert [f.result for f in small.ask()] == [Result.PASS] * 3
        app.answer = broken
        assert [f.result for f in small.ask()] == [Result.PASS, Result.FAIL, Result.FAIL]


def test_a_long_answer_comes_whole_through_ssh(transport: SshTransport) -> None:
    with serving(lambda _: Page(200, "x" * 900_000 + "the end")) as app:
        check = f"  - {{name: long, http: {{path: /, port: {app.port}}}, expect: {{body: {{contains: the end}}}}}}"
        assert [f.result for f in world(check, fleet=Real(transport)).ask()] == [Result.PASS]


def test_a_port_that_the_host_refuses_is_the_apps_failure(transport: SshTransport) -> None:
    with closed_port() as port:
        checks = f"""
  - {{name: page, http: {{path: /, port: {port}}}, expect: {{status: 200}}}}
  - {{name: port, tcp: {{port: {port}}}}}
"""
        assert [told(f) for f in world(checks, fleet=Real(transport)).ask()] == [
            (Result.FAIL, "connection refused", "an answer"),
            (Result.FAIL, f"port {port}: connection refused", "an answer"),
        ]


def test_a_connection_to_the_host_that_is_gone_is_an_error(transport: SshTransport) -> None:
    transport.close()
    with serving(lambda _: Page()) as app:
        check = f"  - {{name: page, http: {{path: /, port: {app.port}}}, expect: {{status: 200}}}}"
        assert [f.result for f in world(check, fleet=Real(transport)).ask()] == [Result.ERROR]


def test_a_host_that_forbids_the_way_to_its_app_says_nothing_of_the_release(sshd: Sshd, tmp_path: Path) -> None:
    """The host is there and commands run on it; only we can't reach the app: an error, which is held and no failure."""
    settings, ssh_config = tmp_path / "sshd_config", tmp_path / "ssh_config"
    settings.write_text(f"AllowTcpForwarding no\n{(sshd.folder / 'sshd_config').read_text()}")
    proxy = f"Host web1\n ProxyCommand /usr/sbin/sshd -i -f {settings} -E {tmp_path}/log\n"
    ssh_config.write_text(proxy + sshd.world.ssh_config.read_text())
    strict = connect(Host("web1", "/srv/shop", Ssh(config=str(ssh_config), connect_timeout=20.0)))
    with serving(lambda _: Page()) as app:
        checks = f"""
  - {{name: page, http: {{path: /, port: {app.port}}}, expect: {{status: 200}}}}
  - {{name: login, port: {app.port}, flow: [{{request: {{get: /}}, expect: {{status: 200}}}}]}}
  - {{name: port, tcp: {{port: {app.port}}}}}
  - {{name: burst, load: {{path: /, port: {app.port}, error_ratio: {{max: 0%}}}}}}
"""
        findings = world(checks, fleet=Real(strict)).ask()
        assert strict.exec("echo here", (), 20.0, 100) == (0, b"here\n")
        assert [(f.check, f.result, "forbids to forward" in f.observed) for f in findings] == [
            (name, Result.ERROR, True) for name in ("page", "login", "port", "burst")
        ]
        assert app.asked == []
    strict.close()


def test_a_burst_goes_through_ssh(transport: SshTransport) -> None:
    with serving(lambda _: Page()) as app:
        burst = f"  - {{name: burst, load: {{path: /, port: {app.port}, concurrency: 8, error_ratio: {{max: 0%}}}}}}"
        fleet = Real(transport)
        assert [f.result for f in world(burst, fleet=fleet).ask()] == [Result.PASS]
        assert (len(app.asked), len(fleet.dialled)) == (101, 9)
