"""A small world to ask: real HTTP servers in this process, a fleet that dials them, a clock that only sleep moves."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from rollback.checks.suite import Checks
from rollback.errors import Unreachable
from rollback.events import Event
from rollback.model import Finding, Release, Result
from rollback.playbook.load import parse
from rollback.playbook.schema import Environment, Playbook
from rollback.playbook.secrets import Secrets
from tests.build import V2, at


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Asked:
    """A request as the server saw it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body, keep_blank_values=True).items()}


@dataclass(frozen=True)
class Page:
    status: int = 200
    body: str | bytes = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class App:
    """An app that remembers what it was asked."""

    answer: Callable[[Asked], Page]
    port: int = 0
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[Asked], Page]) -> Iterator[App]:
    app = App(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.rfile.read(length).decode())
            app.asked.append(asked)
            page = app.answer(asked)
            body = page.body.encode() if isinstance(page.body, str) else page.body
            self.send_response(page.status)
            for name, value in page.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    app.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def saying(say: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that speaks raw bytes to whoever connects, on the port given back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            peer.recv(65536)
            say(peer)

    def accept() -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                threading.Thread(target=talk, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections, kept from everybody else."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@dataclass(frozen=True)
class Ran:
    exit_status: int | None = 0
    stdout: str = ""
    stderr: str = ""


@dataclass
class Hosts:
    """What the fleet does for checks. ports: (host, its port) -> the real port; away: not reachable by SSH."""

    ports: dict[tuple[str, int], int] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    ran: Ran = Ran()
    old_processes: list[Result] = field(default_factory=list)  # one answer a time, then they are gone
    commands: list[tuple[str, str, str, float]] = field(default_factory=list)
    dialled: list[tuple[str, str, int]] = field(default_factory=list)

    def dial(self, host: str, address: str, port: int) -> socket.socket:
        self.dialled.append((host, address, port))
        if host in self.away:
            raise Unreachable(f"{host} does not answer", hint="is it up?")
        return socket.create_connection(("127.0.0.1", self.ports.get((host, port), port)), 5)

    def command(self, host: str, text: str, release: Release, timeout: float) -> Ran:
        self.commands.append((host, text, release.tag, timeout))
        if host in self.away:
            raise Unreachable(f"{host} does not answer", hint="is it up?")
        return self.ran

    def running(self, host: str, release: Release) -> Finding:
        result = self.old_processes.pop(0) if self.old_processes else Result.PASS
        observed = "process 7 lives in releases/v1" if result is Result.FAIL else ""
        return Finding("running", result, at(0), host, observed=observed, expected=f"only {release.tag}")


def playbook(checks: str, *, url: str | None = None, hosts: str = "[web1]", gate: str = "{}") -> Playbook:
    text = f"""
app: shop
root: /srv/shop
environments:
  production:
    hosts: {hosts}
    {f"url: {url}" if url else "rollout: {canary: 1}"}
    verify: {{gate: {gate}, watch: {{}}}}
checks:
{checks}
"""
    return parse(text.encode(), Path("/nowhere/shop.yml"), "shop.yml")


@dataclass
class World:
    """A playbook's checks, with everything they act through."""

    checks: Checks
    hosts: Hosts
    clock: Clock
    events: list[Event]
    environment: Environment

    def ask(self, release: Release = V2) -> tuple[Finding, ...]:
        """Every check once, with this release live everywhere."""
        return self.checks.once({host.name: release for host in self.environment.hosts})


def world(
    checks: str,
    *,
    fleet: Hosts | None = None,
    environ: Mapping[str, str] | None = None,
    url: str | None = None,
    hosts: str = "[web1]",
    gate: str = "{}",
) -> World:
    book = playbook(checks, url=url, hosts=hosts, gate=gate)
    environment = book.environment(None)
    fleet, clock, events = fleet or Hosts(), Clock(), list[Event]()
    made = Checks(
        book,
        environment,
        dial=fleet.dial,
        command=fleet.command,
        running=fleet.running,
        secrets=Secrets(environ or {}),
        tell=events.append,
        clock=clock,
        sleep=clock.sleep,
    )
    return World(made, fleet, clock, events, environment)


Told = tuple[Result, str, str]


def told(finding: Finding) -> Told:
    return finding.result, finding.observed, finding.expected
