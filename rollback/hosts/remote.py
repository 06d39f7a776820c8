"""One host as it is spoken to: a verb of the agent over a transport, be that SSH or, in tests, a local shell.

It knows the protocol and not what a verb means; it never retries.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import IO, Protocol

from rollback.errors import OutsideProtocol, Unreachable
from rollback.hosts.protocol import Answer, Request, around, command, parse, script, stdin
from rollback.model import Host


class Transport(Protocol):
    """A way to execute one command at a time, or several at once. last_words: of this thread's last one, on stderr."""

    @property
    def last_words(self) -> str: ...
    def exec(
        self, command: str, stdin: Iterable[bytes], deadline: float, cap: int, sink: IO[bytes] | None = None
    ) -> tuple[int | None, bytes]: ...
    def dial(self, address: str, port: int) -> socket.socket: ...
    def close(self) -> None: ...


class Remote(Protocol):
    """What the fleet asks for: answers and sockets of one host. Raises HostError."""

    def ask(self, request: Request) -> Answer: ...
    def dial(self, address: str, port: int) -> socket.socket: ...
    def close(self) -> None: ...


Reach = Callable[[Host], Remote]


class Agent:
    """The agent on one host, over a transport."""

    def __init__(self, host: str, transport: Transport) -> None:
        self._host, self._transport = host, transport

    def ask(self, request: Request) -> Answer:
        """One verb, one exec. Raises Unreachable or OutsideProtocol (what it did is unknown), UsageError."""
        text = script(request)
        if request.into:
            request.into.truncate(0)  # of what an earlier try began
            request.into.seek(0)
        told = stdin(text, request)
        status, said = self._transport.exec(command(text), told, request.deadline, request.cap, request.into)
        if request.into:
            said = around(request.into)
        try:
            return parse(said, self._host, self._transport.last_words)
        except OutsideProtocol as error:
            if status is None:
                raise Unreachable(f"the connection to {self._host} was lost before it answered") from error
            raise

    def dial(self, address: str, port: int) -> socket.socket:
        return self._transport.dial(address, port)

    def close(self) -> None:
        self._transport.close()


def over(connect: Callable[[Host], Transport]) -> Reach:
    """How hosts are reached, given how one connects to them."""
    return lambda host: Agent(host.name, connect(host))
