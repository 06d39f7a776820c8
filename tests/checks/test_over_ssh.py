"""The host's view as it is in earnest: through a real sshd, to an app that only the host itself can reach."""

from __future__ import annotations

import socket
from collections.abc import Iterator

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
