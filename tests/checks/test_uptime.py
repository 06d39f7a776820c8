from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rollback.checks.uptime import Uptime


class App(BaseHTTPRequestHandler):
    """Answers with the status that its path names, and counts."""

    asked = threading.Semaphore(0)

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()
        self.asked.release()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def app() -> Iterator[str]:
    App.asked = threading.Semaphore(0)
    with ThreadingHTTPServer(("127.0.0.1", 0), App) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("status", "fails"), [(200, False), (302, False), (404, False), (500, True), (503, True)])
def test_it_counts_what_a_user_would_have_missed(app: str, status: int, fails: bool) -> None:
    with Uptime(f"{app}/{status}", None) as seen:
        for _ in range(3):
            assert App.asked.acquire(timeout=30)
    assert seen.asked >= 3
    assert seen.failed == (seen.asked if fails else 0)


def test_no_answer_is_a_failure() -> None:
    with Uptime("http://127.0.0.1:1/", None) as seen:
        while not seen.asked:
            pass
    assert seen.failed == seen.asked


def test_without_a_url_nobody_asks() -> None:
    with Uptime(None, None) as seen:
        pass
    assert (seen.asked, seen.failed) == (0, 0)
