"""A connection to something the host can reach, forwarded through SSH, as a real socket for ssl and HTTP libraries.

One thread a connection pumps between the SSH channel and a socket pair; it never waits for one side while the other
has something to say.
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import Protocol

import paramiko

from rollback.errors import NotAdmitted, Unreachable
from rollback.hosts.resolve import Place
from rollback.text import clean_line

_CHUNK = 64 * 1024
_FORBIDDEN = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1)
_FULL = 5  # milliseconds until a full SSH window is looked at again; nothing announces that it opened


class Channel(Protocol):
    """What is called of a paramiko channel."""

    eof_received: bool
    closed: bool

    def fileno(self) -> int: ...
    def settimeout(self, timeout: float | None) -> None: ...
    def send(self, piece: bytes) -> int: ...
    def recv(self, size: int) -> bytes: ...
    def shutdown_write(self) -> None: ...
    def close(self) -> None: ...


def dial(
    transport: paramiko.Transport, through: Place, what: str, where: tuple[str, int], patience: float
) -> socket.socket:
    """A connected socket to an address and port that the host at the other end can reach. what: its name for a person.

    OpenSSH answers every failed connection the same way, so all of them count as refused.
    Raises ConnectionRefusedError, Unreachable, or NotAdmitted when that host forbids it.
    """
    try:
        return bridge(transport.open_channel("direct-tcpip", where, ("127.0.0.1", 0), timeout=patience))
    except paramiko.ChannelException as error:
        if error.code == _FORBIDDEN:
            hint = "It needs AllowTcpForwarding yes (or local) in its sshd_config."
            raise NotAdmitted(f"{through} forbids to forward to {what}.", hint=hint) from error
        raise ConnectionRefusedError(f"{through}: nothing answers on {what}") from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Unreachable(f"{through}: {what} was not reached: {clean_line(str(error)).rstrip('.')}.") from error


def bridge(channel: Channel) -> socket.socket:
    """A connected socket whose other end is the channel. Closing either closes both."""
    ours, theirs = socket.socketpair()
    channel.settimeout(0.0)
    ours.setblocking(False)
    threading.Thread(target=_pump, args=(channel, ours), daemon=True, name="forward").start()
    return theirs


def _pump(channel: Channel, ours: socket.socket) -> None:
    # OSError: one side is gone, and with it the conversation. ValueError: the channel's descriptor is closed.
    with ours, suppress(OSError, EOFError, ValueError):
        _Pump(channel, ours).run()
    with suppress(OSError, EOFError):
        channel.close()


class _Pump:
    """At most one chunk waits in each direction; the rest waits where it comes from."""

    def __init__(self, channel: Channel, ours: socket.socket) -> None:
        self._channel, self._socket = channel, ours
        self._up, self._down = b"", b""  # towards the host, and towards us
        self._up_open, self._down_open = True, True

    def run(self) -> None:
        """Until the host has said all, or our side hung up."""
        while self._down_open or self._down:
            events = self._wait()
            if events & select.POLLHUP and not events & select.POLLIN:
                return
            self._upwards(bool(events & (select.POLLIN | select.POLLHUP)))
            self._downwards()

    def _wait(self) -> int:
        """What our socket is ready for."""
        poll = select.poll()
        read = select.POLLIN if self._up_open and not self._up else 0
        poll.register(self._socket, read | (select.POLLOUT if self._down else 0))
        if self._down_open and not self._down:
            poll.register(self._channel.fileno(), select.POLLIN)
        return dict(poll.poll(_FULL if self._up else None)).get(self._socket.fileno(), 0)

    def _upwards(self, readable: bool) -> None:
        if not self._up and self._up_open and readable:
            self._up = self._socket.recv(_CHUNK)
            self._up_open = bool(self._up)
            if not self._up_open:
                self._channel.shutdown_write()
        with suppress(TimeoutError):  # the window is full
            while self._up:  # a packet takes less than a chunk
                self._up = self._up[self._channel.send(self._up) :]

    def _downwards(self) -> None:
        if not self._down and self._down_open:
            with suppress(TimeoutError):  # nothing there yet
                self._down = self._channel.recv(_CHUNK)
                self._down_open = bool(self._down)
                if not self._down_open:
                    self._socket.shutdown(socket.SHUT_WR)
        with suppress(BlockingIOError):
            self._down = self._down[self._socket.send(self._down) :] if self._down else b""
