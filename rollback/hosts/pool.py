"""Every host's connection, kept for the whole operation, and how they are all asked at once.

Here is the only retry: of connecting, and of requests that a host answers the same way twice. It never decides what an
answer means.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from rollback.errors import HostError, NotAdmitted, OutsideProtocol, Unreachable
from rollback.hosts.pace import THREADS, Pace
from rollback.hosts.protocol import Answer, Request
from rollback.hosts.remote import Reach, Remote
from rollback.model import Host
from rollback.text import clean_line

_TRIES = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no answer. sent: the host may have done what it was asked; otherwise it certainly has not."""

    sentence: str
    hint: str
    sent: bool


class _Once(Exception):
    """Wraps what must not be tried again."""


class Pool:
    """One connection a host, made when it is first needed and again when it was lost."""

    def __init__(self, hosts: Iterable[Host], reach: Reach, pace: Pace = Pace()) -> None:  # noqa: B008 - frozen
        self._lines = {host.name: _Line(host, reach, pace) for host in hosts}
        self.pace = pace

    def begin(self) -> None:
        """Begin to connect to every host, and do not wait: whoever asks a host first hears how it went."""
        if self._lines:
            threads = ThreadPoolExecutor(min(THREADS, len(self._lines)), thread_name_prefix="connect")
            for line in self._lines.values():
                line.begin(threads)
            threads.shutdown(wait=False)

    def each(self, hosts: Sequence[str], ask: Callable[[str], T]) -> tuple[T, ...]:
        """The results in the hosts' order."""
        return self.pace.each(hosts, ask)

    def ask(self, host: str, request: Request) -> Answer | Lost:
        """Never raises HostError."""
        return self._lines[host].ask(request)

    def dial(self, host: str, address: str, port: int) -> socket.socket:
        """Raises HostError, ConnectionRefusedError."""
        return self._lines[host].dial(address, port)

    def give_up(self) -> None:
        """Hang up on everything that is under way; nothing of it is tried again. What comes later connects anew."""
        for line in self._lines.values():
            line.give_up()

    def close(self) -> None:
        for line in self._lines.values():
            line.close()


class _Line:
    def __init__(self, host: Host, reach: Reach, pace: Pace) -> None:
        self._host, self._reach, self._sleep = host, reach, pace.sleep
        self._remote: Remote | None = None
        self._begun: Future[Remote] | None = None
        self._connecting = pace.lock()
        self._closed = False
        self._given_up = 0  # times

    def begin(self, threads: Executor) -> None:
        with self._connecting:
            if self._remote is None and self._begun is None:
                self._begun = threads.submit(self._reach, self._host)

    def ask(self, request: Request) -> Answer | Lost:
        sent, given_up = False, self._given_up

        def once() -> Answer:
            nonlocal sent
            remote = self._connected()
            again, sent = sent, True
            try:
                answer = remote.ask(request.again(request, remote.ask) if again and request.again else request)
            except Unreachable as error:
                self._drop(remote)
                if not request.repeatable or given_up != self._given_up:
                    raise _Once from error
                raise
            except OutsideProtocol:
                self._drop(remote)
                raise
            return replace(answer, uncertain=again)

        try:
            return _patiently(once, self._sleep)
        except _Once as error:
            return _lost(error.__cause__ or error, sent)
        except HostError as error:
            return _lost(error, sent)

    def dial(self, address: str, port: int) -> socket.socket:
        def once() -> socket.socket:
            remote = self._connected()
            try:
                return remote.dial(address, port)
            except Unreachable:
                self._drop(remote)
                raise

        return _patiently(once, self._sleep)

    def give_up(self) -> None:
        self._given_up += 1
        remote = self._remote
        if remote is not None:
            self._drop(remote)

    def close(self) -> None:
        self._closed = True
        begun, remote = self._begun, self._remote
        if begun is not None and not begun.cancel():
            begun.add_done_callback(_hang_up)  # nobody asked it
        if remote is not None:
            self._drop(remote)

    def _connected(self) -> Remote:
        with self._connecting:
            if self._closed:
                raise NotAdmitted(f"{self._host.name}: its connection was closed by us")
            if self._remote is None:
                begun, self._begun = self._begun, None
                self._remote = begun.result() if begun else self._reach(self._host)
            return self._remote

    def _drop(self, remote: Remote) -> None:
        with self._connecting:
            if self._remote is remote:
                self._remote = None
        with suppress(OSError):
            remote.close()


def _hang_up(begun: Future[Remote]) -> None:
    if begun.exception() is None:
        with suppress(OSError):
            begun.result().close()


def _patiently(once: Callable[[], T], sleep: Callable[[float], None]) -> T:
    """Only what may be different next time is tried again."""
    retrying = Retrying(
        stop=stop_after_attempt(_TRIES),
        wait=wait_random_exponential(multiplier=0.2, max=2),
        retry=retry_if_exception_type(Unreachable),
        sleep=sleep,
        reraise=True,
    )
    return retrying(once)


def _lost(error: BaseException, sent: bool) -> Lost:
    return Lost(clean_line(str(error)), getattr(error, "hint", ""), sent)
