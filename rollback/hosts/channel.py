"""One command's conversation on a raw SSH channel: stdin goes out while stdout and stderr come in, all bounded.

Knows a paramiko channel by the few methods it calls and imports nothing. Time is the caller's: who cuts the connection
ends the conversation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol

_PIECE = 32 * 1024  # bytes sent at once: the largest packet that OpenSSH takes
_READ = 256 * 1024
_KEPT = 4096  # bytes of stderr kept, the last ones
_FULL = 0.005  # seconds until a full window is looked at again; nothing announces that it opened


class TooMuch(Exception):
    """The command wrote more than it may."""


class Buffer(Protocol):
    def set_event(self, event: threading.Event) -> None: ...


class Channel(Protocol):
    closed: bool
    in_buffer: Buffer
    in_stderr_buffer: Buffer

    def settimeout(self, timeout: float | None) -> None: ...
    def send(self, piece: bytes) -> int: ...
    def recv(self, size: int) -> bytes: ...
    def recv_ready(self) -> bool: ...
    def recv_stderr(self, size: int) -> bytes: ...
    def recv_stderr_ready(self) -> bool: ...
    def shutdown_write(self) -> None: ...
    def recv_exit_status(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Said:
    """status: None when none came (killed by a signal, or the connection was lost). stderr: its last 4 KiB."""

    status: int | None
    stdout: bytes
    stderr: bytes


class _Wake(threading.Event):
    """Set by either buffer; cleared by us alone, as one buffer running empty says nothing about the other."""

    def clear(self) -> None:
        pass

    def reset(self) -> None:
        super().clear()


def converse(channel: Channel, stdin: Iterable[bytes], cap: int, sink: IO[bytes] | None = None) -> Said:
    """Until the channel is closed, by either side. Raises TooMuch when stdout exceeds `cap` bytes.
    sink: a file that takes stdout, where it is too much to be kept in memory."""
    wake = _Wake()
    channel.settimeout(0.0)
    for buffer in (channel.in_buffer, channel.in_stderr_buffer):
        buffer.set_event(wake)
    hearing, saying = _Hearing(channel, cap, sink), _Saying(channel, stdin)
    ended = False
    while not ended:
        wake.reset()
        ended = channel.closed  # asked before reading: all that came before the end is read below
        hearing.catch_up()
        if not saying.go_on() and not ended:
            wake.wait(None if saying.done else _FULL)
    status = channel.recv_exit_status()
    return Said(None if status < 0 else status, bytes(hearing.stdout), bytes(hearing.stderr))


class _Hearing:
    def __init__(self, channel: Channel, cap: int, sink: IO[bytes] | None) -> None:
        self._channel, self._left = channel, cap
        self.stdout = bytearray()
        self.stderr = bytearray()
        self._keep: Callable[[bytes], object] = sink.write if sink else self.stdout.extend

    def catch_up(self) -> None:
        """Read what is there, without waiting."""
        while self._channel.recv_stderr_ready():
            self.stderr += self._channel.recv_stderr(_READ)
            del self.stderr[:-_KEPT]
        while self._channel.recv_ready():
            piece = self._channel.recv(_READ)
            self._left -= len(piece)
            if self._left < 0:
                raise TooMuch
            self._keep(piece)


class _Saying:
    def __init__(self, channel: Channel, stdin: Iterable[bytes]) -> None:
        self._channel = channel
        self._pieces = _pieces(stdin)
        self._piece = b""
        self.done = False

    def go_on(self) -> bool:
        """Send one piece; whether another may follow at once. A command that no longer listens ends it, too."""
        if self.done:
            return False
        self._piece = self._piece or next(self._pieces, b"")
        try:
            if not self._piece:
                self._channel.shutdown_write()
            sent = self._channel.send(self._piece) if self._piece else 0
        except TimeoutError:  # its window is full
            return False
        except (OSError, EOFError):  # it was closed: what it said before is still to be read
            sent = 0
        self._piece = self._piece[sent:]
        self.done = sent == 0
        return not self.done


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Full packets, whatever the chunks' sizes."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        whole = len(waiting) - len(waiting) % _PIECE
        for start in range(0, whole, _PIECE):
            yield bytes(waiting[start : start + _PIECE])
        del waiting[:whole]
    if waiting:
        yield bytes(waiting)
