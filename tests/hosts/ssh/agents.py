"""Agents that OpenSSH's own can't stand in for: one with a security key, and some that are no agents at all."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KIND = b"sk-ssh-ed25519@openssh.com"
_APPLICATION = b"ssh:"
_TOUCHED = b"\x01" + struct.pack(">I", 7)  # flags and counter, as after a touch

Answer = Callable[[bytes], bytes]


class SecurityKey:
    """Signs as a FIDO key does (PROTOCOL.u2f), which no file can hold."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.blob = _string(_KIND) + _string(self._key.public_key().public_bytes_raw()) + _string(_APPLICATION)

    @property
    def line(self) -> str:
        """For authorized_keys."""
        return f"{_KIND.decode()} {base64.b64encode(self.blob).decode()}\n"

    def answer(self, question: bytes) -> bytes:
        """The answer to one message of draft-miller-ssh-agent."""
        if question[0] == 11:
            return b"\x0c" + struct.pack(">I", 1) + _string(self.blob) + _string(b"a security key")
        _blob, rest = _first(question[1:])
        data, _flags = _first(rest)
        signed = hashlib.sha256(_APPLICATION).digest() + _TOUCHED + hashlib.sha256(data).digest()
        return b"\x0e" + _string(_string(_KIND) + _string(self._key.sign(signed)) + _TOUCHED)


def framed(answer: Answer) -> Answer:
    """With its length before it, as it should be."""
    return lambda question: _string(answer(question))


@contextmanager
def agent(folder: Path, answer: Answer) -> Iterator[Path]:
    """The socket of an agent that answers so, one connection after the other."""
    path = folder / "agent"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=_serve, args=(server, answer), daemon=True)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(server: socket.socket, answer: Answer) -> None:
    with suppress(OSError):
        while True:
            client, _ = server.accept()
            with client, suppress(OSError, struct.error):
                while length := client.recv(4, socket.MSG_WAITALL):
                    client.sendall(answer(client.recv(struct.unpack(">I", length)[0], socket.MSG_WAITALL)))


def _string(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def _first(text: bytes) -> tuple[bytes, bytes]:
    """The first string and what follows it."""
    end = 4 + struct.unpack(">I", text[:4])[0]
    return text[4:end], text[end:]
