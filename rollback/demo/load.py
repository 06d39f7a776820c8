"""The shop's customers: all of its people log in through the load balancer, one after the other, all the while.

It only looks: what was answered is kept, request by request, and nobody is told before the story asks.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from types import TracebackType
from typing import TYPE_CHECKING

from rollback.demo.accounts import PASSWORD, PEOPLE

if TYPE_CHECKING:
    import httpx

_CSRF = re.compile(r'name="csrf" value="(.+?)"')
_NOBODY = "no host"


@dataclass(frozen=True, slots=True)
class Answer:
    """One request's: status None when there was none; `trouble` says why then. host: who served it, or "no host"."""

    at: datetime
    user: str
    asked: str
    status: int | None
    expected: int
    host: str = _NOBODY
    release: str = ""
    trouble: str = ""

    @property
    def good(self) -> bool:
        return self.status == self.expected


@dataclass(frozen=True, slots=True)
class Count:
    """What came of some requests."""

    asked: int
    failed: int
    failed_on: Mapping[str, int]  # host -> failed requests
    releases: Mapping[str, frozenset[str]]  # release -> hosts that served users with it


class Load:
    """Logs people in while entered. rate: requests per second. hosts: by what nginx calls them (address and port)."""

    def __init__(self, url: str, hosts: Mapping[str, str], rate: float = 40.0) -> None:
        self._url, self._hosts, self._pause = url, hosts, 1 / rate
        self._people, self._lock = cycle(PEOPLE), threading.Lock()
        self._answers: list[Answer] = []
        self.over = threading.Event()
        self._threads = [threading.Thread(target=self._run, name=f"customer {n}", daemon=True) for n in range(4)]

    def __enter__(self) -> Load:
        self._due = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def count(self, since: datetime, until: datetime) -> Count:
        """What was asked in this time."""
        with self._lock:
            answers = [one for one in self._answers if since <= one.at < until]
        return counted(answers)

    def failures(self, since: datetime) -> tuple[Answer, ...]:
        with self._lock:
            return tuple(one for one in self._answers if one.at >= since and not one.good)

    def _run(self) -> None:
        import httpx

        # One connection a request, as from many people; nothing is retried.
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=self._url, limits=limits, timeout=30, trust_env=False) as client:
            while not self.over.is_set():
                client.cookies.clear()
                self._log_in(client, self._next_person())

    def _next_person(self) -> str:
        with self._lock:
            return next(self._people)

    def _log_in(self, client: httpx.Client, user: str) -> None:
        form = self._ask(client, user, "GET", "/login", 200)
        found = _CSRF.search(form.text) if form is not None else None
        if found is None:
            return
        fields = {"user": user, "password": PASSWORD, "csrf": found[1]}
        entered = self._ask(client, user, "POST", "/login", 302, fields)
        if entered is not None and entered.status_code == 302:
            self._ask(client, user, "GET", "/me", 200)

    def _ask(
        self, client: httpx.Client, user: str, method: str, path: str, expected: int, form: dict[str, str] | None = None
    ) -> httpx.Response | None:
        import httpx

        self._wait_turn()
        at, asked = datetime.now(UTC), f"{method} {path}"
        try:
            response = client.request(method, path, data=form)
        except httpx.TransportError as error:
            self._keep(Answer(at, user, asked, None, expected, trouble=f"{type(error).__name__}: {error}"))
            return None
        host = self._hosts.get(response.headers.get("X-Served-By", ""), _NOBODY)
        self._keep(Answer(at, user, asked, response.status_code, expected, host, response.headers.get("X-Release", "")))
        return response

    def _wait_turn(self) -> None:
        """All customers together ask at the rate; time that was missed is not made up for."""
        with self._lock:
            self._due = max(self._due + self._pause, time.monotonic())
            due = self._due
        self.over.wait(max(0.0, due - time.monotonic()))

    def _keep(self, answer: Answer) -> None:
        with self._lock:
            self._answers.append(answer)


def counted(answers: Iterable[Answer]) -> Count:
    """The sums."""
    every = tuple(answers)
    failed = Counter(one.host for one in every if not one.good)
    seen: dict[str, frozenset[str]] = {}
    for one in every:
        if one.release:
            seen[one.release] = seen.get(one.release, frozenset()) | {one.host}
    return Count(len(every), failed.total(), dict(failed), seen)
