"""Real receivers on loopback: an HTTP server that keeps what it is sent, a GitHub that knows its documented shapes, and
a mail server."""

from __future__ import annotations

import json
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Mapping[str, str], Any]  # status, headers, JSON
_PATIENCE = 30.0


@dataclass(frozen=True)
class Got:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Web:
    """answers: given in their order, then 200. gate: while it is not set, nothing is answered."""

    answers: list[Answer] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    answer: Callable[[Got], Answer] | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answered(self, got: Got) -> Answer:
        self.got.append(got)
        self.gate.wait(4 * _PATIENCE)
        if self.answers:
            return self.answers.pop(0)
        return self.answer(got) if self.answer else (200, {}, {})

    def until(self, count: int) -> list[Got]:
        return until(self.got, count)


def until(got: list[Any], count: int) -> list[Any]:
    """What has come, once there is so much of it."""
    end = time.monotonic() + _PATIENCE
    while len(got) < count:
        assert time.monotonic() < end, got
        time.sleep(0.01)
    return got


@contextmanager
def web(answer: Callable[[Got], Answer] | None = None) -> Iterator[Web]:
    state = Web(answer=answer)
    state.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {key.lower(): value for key, value in self.headers.items()}
            got = Got(self.command, parts.path, parse_qs(parts.query), headers, body)
            status, more, said = state.answered(got)
            content = json.dumps(said).encode()
            self.send_response(status)
            for key, value in {**more, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = _any  # noqa: N815 as http.server wants them
        do_POST = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        state.port = port
        yield state
        state.gate.set()


@contextmanager
def _served(server: socketserver.TCPServer) -> Iterator[int]:
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


_CREATE: dict[str, type] = {
    "ref": str,
    "task": str,
    "auto_merge": bool,
    "required_contexts": list,
    "payload": dict,
    "environment": str,
    "description": str,
    "transient_environment": bool,
    "production_environment": bool,
}
_STATUS: dict[str, type] = {
    "state": str,
    "target_url": str,
    "log_url": str,
    "description": str,
    "environment": str,
    "environment_url": str,
    "auto_inactive": bool,
}
_STATES = {"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}


@dataclass
class Hub:
    """GitHub as its REST API is documented (2022-11-28), for acme/shop and the token `letmein`; what it does not know
    it answers with 422. prefix: of GitHub Enterprise."""

    prefix: str = ""
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def states(self) -> list[tuple[str, list[str]]]:
        """(tag, its states in their order), the oldest first."""
        return [(one["payload"]["tag"], [s["state"] for s in self.statuses[one["id"]]]) for one in self.deployments]

    def __call__(self, got: Got) -> Answer:
        if got.headers.get("authorization") != "Bearer letmein":
            return 401, {}, {"message": "Bad credentials"}
        if got.headers.get("accept") != "application/vnd.github+json":
            return 415, {}, {"message": "Must accept 'application/json'"}
        if got.headers.get("x-github-api-version") != "2022-11-28" or not got.headers.get("user-agent"):
            return 400, {}, {"message": "no such version"}
        found = re.fullmatch(re.escape(self.prefix) + r"/repos/acme/shop/deployments(?:/(\d+)/statuses)?", got.path)
        if not found:
            return 404, {}, {"message": "Not Found"}
        one = int(found[1]) if found[1] else None
        if got.method == "GET":
            return 200, {}, self._listed(one, got.query)
        return self._create(got.json) if one is None else self._set(one, got.json)

    def _listed(self, one: int | None, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        found = self.deployments if one is None else self.statuses[one]
        wanted = query.get("environment")
        newest = [each for each in reversed(found) if not wanted or each.get("environment") == wanted[0]]
        return newest[: int(query.get("per_page", ["30"])[0])]

    def _create(self, body: Any) -> Answer:
        if wrong := _misshapen(body, _CREATE, "ref"):
            return 422, {}, {"message": wrong}
        return 201, {}, self.make(body)

    def make(self, body: dict[str, Any]) -> dict[str, Any]:
        made = {**body, "id": len(self.deployments) + 41}
        self.deployments.append(made)
        self.statuses[made["id"]] = []
        return made

    def _set(self, one: int, body: Any) -> Answer:
        wrong = _misshapen(body, _STATUS, "state")
        if wrong or body["state"] not in _STATES or len(body.get("description", "")) > 140:
            return 422, {}, {"message": wrong or "Validation Failed"}
        self.statuses[one].append(body)
        return 201, {}, body


def _misshapen(body: Any, shape: dict[str, type], required: str) -> str:
    wrong = [key for key, value in body.items() if not isinstance(value, shape.get(key, type(None)))]
    return f"Invalid: {wrong}" if wrong else "" if required in body else f"{required} is missing"


@dataclass
class Mails:
    got: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    def until(self, count: int) -> list[EmailMessage]:
        return until(self.got, count)


@contextmanager
def mails() -> Iterator[Mails]:
    """SMTP, as much of RFC 5321 as a client without extensions needs."""
    state = Mails()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline():
                match line[:4].upper().strip():
                    case b"DATA":
                        self._say("354 go on")
                        state.got.append(self._mail())
                        self._say("250 kept")
                    case b"QUIT":
                        return self._say("221 bye")
                    case _:
                        self._say("250 well")
            return None

        def _mail(self) -> EmailMessage:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return message_from_bytes(b"".join(lines), policy=policy.default)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with _served(Server(("127.0.0.1", 0), Handler)) as port:
        state.port = port
        yield state
