"""A TCP proxy that spoils what passes through it, as a bad network or a strange server would."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

_CHUNK = 16 * 1024


@dataclass(frozen=True)
class Fault:
    """What befalls every connection, or (once) the next.

    says: bytes that are sent instead of connecting; endless: again and again. Else the connection is forwarded, each
    chunk `delay` seconds late, until `after` bytes came `way` ("up" to the server, "down" from it): then it is dropped,
    or (frozen) nothing goes that way any more while the connection stays, or (halved) that way is closed.
    """

    says: bytes | None = None
    endless: bool = False
    delay: float = 0.0
    after: int | None = None
    way: str = "down"
    then: str = "dropped"
    once: bool = False


SOUND = Fault()


class Proxy:
    """A context manager. Listens on a free port of the server's address. `fault` may be changed at any time."""

    def __init__(self, address: str, port: int) -> None:
        self.fault = SOUND
        self.accepted = 0
        self._to = (address, port)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((address, 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Proxy:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.refuse()
        self.cut()

    def refuse(self) -> None:
        """New connections are refused from now on."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def heal(self) -> None:
        """What was spoilt is cut, what comes now passes."""
        self.fault = SOUND
        self.cut()
        if self._listener.fileno() < 0:
            self._listener = socket.create_server((self._to[0], self.port))
            self._start(self._accept)

    def cut(self) -> None:
        for one in self._open:
            _close(one)
        self._open.clear()

    def _start(self, run: object, *words: object) -> None:
        threading.Thread(target=run, args=words, daemon=True).start()  # type: ignore[arg-type]

    def _accept(self) -> None:
        listener = self._listener
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.append(near)
            self._start(self._serve, near, self.fault)
            self.fault = SOUND if self.fault.once else self.fault

    def _serve(self, near: socket.socket, fault: Fault) -> None:
        if fault.says is not None:
            _say(near, fault)
            return
        far = socket.create_connection(self._to)
        self._open.append(far)
        self._start(self._forward, near, far, fault, "up")
        self._forward(far, near, fault, "down")

    def _forward(self, source: socket.socket, sink: socket.socket, fault: Fault, way: str) -> None:
        left = fault.after if fault.after is not None and way == fault.way else None
        for chunk in _chunks(source, left):
            time.sleep(fault.delay)
            with suppress(OSError):
                sink.sendall(chunk)
            left = None if left is None else left - len(chunk)
            if left == 0:
                _end(source, sink, fault.then)
                return
        _end(source, sink, "dropped")


def _chunks(source: socket.socket, left: int | None) -> Iterator[bytes]:
    while True:
        try:
            chunk = source.recv(_CHUNK if left is None else min(left, _CHUNK))
        except OSError:
            return
        if not chunk:
            return
        left = None if left is None else left - len(chunk)
        yield chunk


def _end(source: socket.socket, sink: socket.socket, then: str) -> None:
    if then == "dropped":
        _close(source)
        _close(sink)
    elif then == "halved":
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def _say(near: socket.socket, fault: Fault) -> None:
    with suppress(OSError):
        for _ in itertools.count():
            near.sendall(fault.says or b"")
            if not fault.endless:
                return


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
