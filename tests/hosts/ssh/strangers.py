"""What may answer on a host's port besides a good sshd: servers that misbehave, each in one way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket, threading.Event], None]


def silent(_: socket.socket, over: threading.Event) -> None:
    """Accepts and never says a word."""
    over.wait()


def dripping(client: socket.socket, over: threading.Event) -> None:
    """A greeting that never ends, a byte at a time, so that no read of it ever times out."""
    while not over.wait(0.02):
        client.sendall(b"x")


def endless(client: socket.socket, over: threading.Event) -> None:
    """Lines before the greeting, without end."""
    while not over.is_set():
        client.sendall(b"\x1b[2Jnot yet\r\n" * 1000)


def flooding(client: socket.socket, over: threading.Event) -> None:
    """A greeting that never ends, as fast as it is taken."""
    while not over.is_set():
        client.sendall(b"x" * 65536)


def garbage(client: socket.socket, _: threading.Event) -> None:
    client.sendall(b"\x1b]0;owned\x07HTTP/1.1 400 Bad Request\r\n\r\n\xff\xfe\r\n" * 3)


def hanging_up(_client: socket.socket, _over: threading.Event) -> None:
    """Closes at once."""


def greeting_only(client: socket.socket, over: threading.Event) -> None:
    """An SSH greeting, and then nothing."""
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    over.wait()


def huge_packet(client: socket.socket, over: threading.Event) -> None:
    """An SSH greeting, and then a packet of 2 GiB, as fast as it is taken."""
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" + (0x7FFF_FFFC).to_bytes(4, "big"))
    flooding(client, over)


def escapes(client: socket.socket, _: threading.Event) -> None:
    """A greeting that would write on the terminal, and nothing else."""
    client.sendall(b"SSH-2.0-\x1b]0;owned\x07\x1b[2J\xe2\x80\xae\r\n")


@contextmanager
def stranger(behave: Behaviour) -> Iterator[int]:
    """The port where it behaves so, on 127.0.0.1."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        thread = threading.Thread(target=_serve, args=(server, behave, over), daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        over.set()
        thread.join()


def _serve(server: socket.socket, behave: Behaviour, over: threading.Event) -> None:
    while not over.is_set():
        with suppress(OSError):
            client, _ = server.accept()
            with client, suppress(OSError):
                client.settimeout(0.5)
                behave(client, over)


@contextmanager
def proxy(to: tuple[str, int], after: int) -> Iterator[int]:
    """The port of a proxy to `to` that drops both sides once `after` bytes have come from there."""

    def drop(client: socket.socket, over: threading.Event) -> None:
        with socket.create_connection(to) as server:
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            left = after
            while left > 0 and not over.is_set() and (data := server.recv(min(left, 4096))):
                client.sendall(data)
                left -= len(data)
            client.shutdown(socket.SHUT_RDWR)
            server.shutdown(socket.SHUT_RDWR)

    with stranger(drop) as port:
        yield port


@contextmanager
def stalling(to: tuple[str, int], after: int) -> Iterator[int]:
    """The port of a proxy to `to` that lets nothing through any more, either way, once `after` bytes went through it.

    Both connections stay open: as when a peer is gone and nobody tells."""

    def stall(client: socket.socket, over: threading.Event) -> None:
        left, client_wait = after, 0.01
        with socket.create_connection(to) as server:
            client.settimeout(client_wait)
            server.settimeout(client_wait)
            while left > 0 and not over.is_set():
                for source, sink in ((client, server), (server, client)):
                    with suppress(TimeoutError):
                        data = source.recv(min(left, 4096) or 1)
                        if not data:
                            return
                        sink.sendall(data)
                        left = max(0, left - len(data))
            over.wait()

    with stranger(stall) as port:
        yield port


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        source.settimeout(None)
        while data := source.recv(4096):
            sink.sendall(data)
