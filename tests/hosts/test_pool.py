"""Connecting ahead: begun once, heard by whoever asks first, and hung up when nobody does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from rollback.errors import Unreachable
from rollback.hosts.pool import Lost, Pool
from rollback.hosts.protocol import Answer, Request
from rollback.model import Host, Ssh

HOST = Host("web1", "/srv/app", Ssh())
QUESTION = Request("sight", ())


@dataclass
class Network:
    """Connects after `refusals` have been said."""

    refusals: int = 0
    tries: int = 0
    begun: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def reach(self, _: Host) -> Line:
        self.tries += 1
        self.begun.set()
        if self.tries <= self.refusals:
            raise Unreachable(f"web1: refused {self.tries}")
        return Line(self.closed.set)


@dataclass
class Line:
    hang_up: Callable[[], None]

    def ask(self, _: Request) -> Answer:
        return Answer("ok")

    def dial(self, address: str, port: int) -> socket.socket:
        return socket.create_connection((address, port))

    def close(self) -> None:
        self.hang_up()


def test_a_connection_that_was_begun_is_the_one_that_is_used() -> None:
    network = Network()
    pool = Pool((HOST,), network.reach)
    pool.begin()
    pool.begin()
    assert [pool.ask("web1", QUESTION), pool.ask("web1", QUESTION)] == [Answer("ok"), Answer("ok")]
    pool.begin()
    pool.close()
    assert (network.tries, network.closed.is_set()) == (1, True)


def test_a_failure_that_was_begun_is_one_of_the_three_tries() -> None:
    network = Network(refusals=9)
    pool = Pool((HOST,), network.reach)
    pool.begin()
    assert (pool.ask("web1", QUESTION), network.tries) == (Lost("web1: refused 3", "", sent=False), 3)


def test_what_nobody_asked_is_hung_up() -> None:
    network = Network()
    pool = Pool((HOST,), network.reach)
    pool.begin()
    assert network.begun.wait(10)
    pool.close()
    assert network.closed.wait(10)
