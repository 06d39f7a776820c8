"""A user who asks for the environment's url again and again while something is done to its hosts: was it ever down?

It counts and judges nothing. What an app answers to a request that it understood (a redirect, a 404) is an answer; no
answer, or a 5xx, is one that a user would have missed.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx

from rollback.checks.tls import context

if TYPE_CHECKING:
    from rollback.playbook.http import Tls

_EVERY = 0.1  # seconds between an answer and the next question
_PATIENCE = 5.0  # seconds for one


class Uptime:
    """Use as a context manager: it asks while it is entered. asked, failed: how many so far. url: None asks nothing."""

    def __init__(self, url: str | None, tls: Tls | None) -> None:
        self._url, self._tls = url, tls
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="uptime")
        self.asked = self.failed = 0

    def __enter__(self) -> Self:
        if self._url is not None:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        if self._url is not None:
            self._thread.join()

    def _run(self) -> None:
        """A connection of its own for every request, as every user has one."""
        trusted, limits = context(self._tls), httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(verify=trusted, timeout=_PATIENCE, trust_env=False, limits=limits) as client:
            while not self._stop.wait(_EVERY):
                self.failed += not self._answers(client)
                self.asked += 1

    def _answers(self, client: httpx.Client) -> bool:
        assert self._url is not None
        try:
            return client.get(self._url).status_code < 500
        except (httpx.HTTPError, OSError):
            return False
