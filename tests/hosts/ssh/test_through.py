"""Through other hosts to a host (ProxyJump, ProxyCommand), and through a host to what it can reach (dial)."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rollback.demo.sshd import Sshd
from rollback.errors import NotAdmitted, Unreachable
from rollback.hosts.ssh import SshTransport, connect
from rollback.model import Host
from tests.hosts.ssh.conftest import Config, through


def came_from(host: Host) -> bytes:
    """The address that web1 says we come from, and nothing else."""
    transport = connect(host)
    try:
        status, stdout = transport.exec('echo "${SSH_CONNECTION%% *}"', [], 60.0, 1000)
        assert status == 0
        return stdout.strip()
    finally:
        transport.close()


def test_a_jump_host_is_gone_through(configured: Config, bastion: Sshd) -> None:
    before = bastion.log.count("Accepted publickey")
    assert came_from(configured(through(bastion))) == b"127.0.0.1"
    assert bastion.log.count("Accepted publickey") == before + 1


def test_a_jump_hosts_key_is_judged_as_strictly(configured: Config, bastion: Sshd) -> None:
    bastion.world.known_hosts.write_text("")
    with pytest.raises(NotAdmitted, match=rf"^The host key of bastion \(127.0.0.9 port {bastion.port}\) is unknown"):
        connect(configured(through(bastion)))


def test_a_host_behind_a_jump_host_is_judged_itself(configured: Config, bastion: Sshd, tmp_path: Path) -> None:
    text = f"{through(bastion)} UserKnownHostsFile {tmp_path}/none\n"
    with pytest.raises(NotAdmitted, match=r"^The host key of web1 \(127.0.0.2 port \d+\) is unknown") as refused:
        connect(configured(text))
    assert refused.value.hint.endswith(f"UserKnownHostsFile={tmp_path}/none web1 true")


def test_a_jump_host_that_cannot_reach_the_host_says_so(configured: Config, bastion: Sshd) -> None:
    host = configured(through(bastion))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = rf"^web1 \(127.0.0.1 port {port}\) cannot be reached from bastion \(127.0.0.9 port \d+\): nothing answers"
    with pytest.raises(Unreachable, match=said):
        connect(replace(host, ssh=replace(host.ssh, address="127.0.0.1", port=port)))


def test_a_jump_host_that_is_away_is_named(configured: Config, bastion: Sshd) -> None:
    bastion.stop()
    with pytest.raises(Unreachable, match=r"^bastion \(127.0.0.9 port \d+\) cannot be reached: connection refused\.$"):
        connect(configured(through(bastion)))


def test_a_proxy_command_carries_the_connection(configured: Config, bastion: Sshd) -> None:
    ssh = f"ssh -q -F {bastion.world.ssh_config} -W %h:%p bastion"
    assert came_from(configured(through(bastion, f"ProxyCommand {ssh}"))) == b"127.0.0.1"


def test_a_proxy_command_that_fails_is_unreachable_in_its_own_words(configured: Config) -> None:
    host = configured("Host web1\n ProxyCommand echo no way to %h >&2; exit 1\n")
    with pytest.raises(Unreachable, match=r"^The SSH connection to web1 \(.*\) failed: no way to 127.0.0.2\.$"):
        connect(host)


def test_a_proxy_command_that_hangs_ends_with_all_of_its_processes(configured: Config, tmp_path: Path) -> None:
    host = configured(f"Host web1\n ProxyCommand sh -c 'echo $$ >{tmp_path}/pid; sleep 61 | sleep 62'\n")
    with pytest.raises(Unreachable, match=r"^web1 gave no SSH session within 0.4 s\.$"):
        connect(replace(host, ssh=replace(host.ssh, connect_timeout=0.4)))
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        size = int(self.path.strip("/"))
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(b"s" * size)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def over(forwarded: socket.socket) -> http.client.HTTPConnection:
    forwarded.settimeout(60)
    client = http.client.HTTPConnection("shop.example")
    client.sock = forwarded
    return client


def test_requests_go_through_a_host_one_after_the_other(transport: SshTransport, shop: int) -> None:
    client = over(transport.dial("127.0.0.1", shop))
    sizes = []
    for size in (10, 0, 5_000_000):
        client.request("GET", f"/{size}")
        sizes.append(len(client.getresponse().read()))
    client.close()
    assert sizes == [10, 0, 5_000_000]


def test_a_large_body_comes_back_whole(transport: SshTransport, shop: int) -> None:
    body = bytes(range(256)) * 20_000
    client = over(transport.dial("localhost", shop))
    client.request("POST", "/", body)
    assert client.getresponse().read() == body
    client.close()


def test_a_port_where_nobody_listens_is_refused(transport: SshTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError, match=f"nothing answers on 127.0.0.1 port {port}"):
        transport.dial("127.0.0.1", port)
    assert transport.exec("echo still here", [], 60.0, 100) == (0, b"still here\n")


def test_closing_our_end_closes_the_far_one_and_the_other_way_round(transport: SshTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        port = server.getsockname()[1]
        near, (far, _) = transport.dial("127.0.0.1", port), server.accept()
        far.settimeout(20)
        near.sendall(b"bye")
        near.close()
        assert (far.recv(10), far.recv(10)) == (b"bye", b"")
        far.close()
        near, (far, _) = transport.dial("127.0.0.1", port), server.accept()
        near.settimeout(20)
        far.sendall(b"bye")
        far.close()
        assert (near.recv(10), near.recv(10)) == (b"bye", b"")
        near.close()


def test_half_a_close_leaves_the_answer_open(transport: SshTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        near, (far, _) = transport.dial("127.0.0.1", server.getsockname()[1]), server.accept()
        near.settimeout(20)
        far.settimeout(20)
        near.sendall(b"question")
        near.shutdown(socket.SHUT_WR)
        assert (far.recv(10), far.recv(10)) == (b"question", b"")
        far.sendall(b"answer")
        far.close()
        assert (near.recv(10), near.recv(10)) == (b"answer", b"")
        near.close()


def test_a_reader_that_is_slow_holds_nothing_else_up(transport: SshTransport, shop: int) -> None:
    slow = over(transport.dial("127.0.0.1", shop))
    slow.request("GET", "/30000000")
    answer = slow.getresponse()
    fast = over(transport.dial("127.0.0.1", shop))
    fast.request("GET", "/10")
    assert len(fast.getresponse().read()) == 10
    assert transport.exec("echo still here", [], 60.0, 100) == (0, b"still here\n")
    assert len(answer.read()) == 30_000_000
    slow.close()
    fast.close()


def test_it_is_socket_enough_for_tls(transport: SshTransport, shop: int) -> None:
    context = ssl.create_default_context()
    forwarded = transport.dial("127.0.0.1", shop)
    forwarded.settimeout(20)
    with pytest.raises(ssl.SSLError), context.wrap_socket(forwarded, server_hostname="shop.example"):
        pytest.fail("a plain HTTP server speaks no TLS")


def test_a_dial_on_a_lost_connection_is_unreachable(host: Host) -> None:
    transport = connect(host)
    transport.close()
    with pytest.raises(Unreachable, match=r"^web1 \(127.0.0.2 port \d+\): 127.0.0.1 port 80 was not reached: "):
        transport.dial("127.0.0.1", 80)
