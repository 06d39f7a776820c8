"""The socket that a connection starts from: TCP that notices a dead peer, or the end of a ProxyCommand."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from rollback.errors import HostError, NotAdmitted, Unreachable
from rollback.hosts.resolve import Destination
from rollback.text import clean_line

_FAMILIES = {"any": socket.AF_UNSPEC, "inet": socket.AF_INET, "inet6": socket.AF_INET6}
# A name that will not be there on a second try either; every other failure of the resolver may pass.
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_DEAD_AFTER = 30_000  # milliseconds that sent data may stay unacknowledged before the peer counts as dead
_OPTIONS = (
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", _DEAD_AFTER),
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
)

_QUICK = getattr(socket, "TCP_QUICKACK", None)  # Linux only

Address = tuple[int, tuple[object, ...]]  # family, what socket.connect takes
Resolved = list[Address] | OSError


class _Prompt(socket.socket):
    """Acknowledges at once: sshd does not set TCP_NODELAY, so each of its small packets would wait 40 ms for our ACK.

    The kernel forgets the option now and then, hence after every read.
    """

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = super().recv(size, flags)
        if _QUICK is not None:
            with suppress(OSError):  # just closed by another thread
                self.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
        return data


@dataclass(frozen=True, slots=True)
class Base:
    """The lowest socket of a connection. Cutting it ends everything that runs through it, whoever is waiting."""

    socket: socket.socket
    proxy: subprocess.Popen[bytes] | None = None
    complaints: IO[bytes] | None = field(default=None, repr=False)

    def cut(self) -> None:
        """From any thread: wake everybody who waits for the socket."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        self.socket.close()
        if self.proxy is not None:
            # Its own group, so that all of a pipeline ends.
            with suppress(ProcessLookupError):
                os.killpg(self.proxy.pid, signal.SIGKILL)
            self.proxy.wait()
        if self.complaints is not None:
            self.complaints.close()

    def said(self) -> str:
        """What the ProxyCommand wrote on its stderr."""
        if self.complaints is None or self.complaints.closed:
            return ""
        self.complaints.seek(0)
        return clean_line(self.complaints.read(4096))


def reach(destination: Destination, deadline: float) -> Base:
    """Connect to the destination itself (its jump hosts are the caller's). deadline: by time.monotonic().

    Raises Unreachable, or NotAdmitted when there is no such name.
    """
    if destination.proxy_command is not None:
        return _proxied(destination.proxy_command)
    place, failure = destination.place, None
    addresses = _resolve(destination, deadline)
    for tried, address in enumerate(addresses):
        # Each address gets a fair part of the time that is left: the first may be a black hole.
        patience = (deadline - time.monotonic()) / (len(addresses) - tried)
        try:
            return Base(_connected(address, max(patience, 0.001)))
        except OSError as error:
            failure = error
    raise Unreachable(
        f"{place} cannot be reached: {_why(failure)}.", hint=f"Is it up, and is {place.port} its SSH port?"
    ) from failure


def _connected(address: Address, patience: float) -> socket.socket:
    family, where = address
    opened = _Prompt(family, socket.SOCK_STREAM)
    try:
        for level, name, value in _OPTIONS:
            if hasattr(socket, name):
                opened.setsockopt(level, getattr(socket, name), value)
        opened.settimeout(patience)
        opened.connect(where)
    except BaseException:
        opened.close()
        raise
    return opened


def _proxied(command: str) -> Base:
    """A shell runs it, as ssh does, on one end of a socket pair: a real socket, with real timeouts."""
    ours, theirs = socket.socketpair()
    complaints = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the connection)
    arguments = ["/bin/sh", "-c", f"exec {command}"]
    with theirs:
        proxy = subprocess.Popen(
            arguments, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=complaints, start_new_session=True
        )
    return Base(ours, proxy, complaints)


def _resolve(destination: Destination, deadline: float) -> list[Address]:
    """The system's resolver knows no deadline, so it is asked from a thread that may be left behind."""
    answers: queue.SimpleQueue[Resolved] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_addresses(destination)), daemon=True, name="resolver").start()
    try:
        answer = answers.get(timeout=max(deadline - time.monotonic(), 0.001))
    except queue.Empty:
        raise Unreachable(f"{destination.place}: its name was not resolved in time.") from None
    if isinstance(answer, OSError):
        raise _unresolved(destination, answer) from answer
    return answer


def _addresses(destination: Destination) -> Resolved:
    place, family = destination.place, _FAMILIES.get(destination.family, socket.AF_UNSPEC)
    name = place.address
    try:
        # As bytes where that is the same: for a str Python loads IDNA's tables, 8 ms of every start.
        found = socket.getaddrinfo(name.encode() if name.isascii() else name, place.port, family, socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError:
        return socket.gaierror(socket.EAI_NONAME, "not a host name")
    return [(family, where) for family, _, _, _, where in found]


def _unresolved(destination: Destination, error: OSError) -> HostError:
    sentence = f"{destination.place}: its name cannot be resolved: {clean_line(error.strerror or str(error))}."
    if error.errno in _NO_SUCH_NAME:
        return NotAdmitted(sentence, hint=f"See what ssh makes of it: ssh -G -- {clean_line(destination.place.host)}")
    return Unreachable(sentence)


def _why(error: OSError | None) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return clean_line(error.strerror or str(error)).lower() if error else "its name has no address"
