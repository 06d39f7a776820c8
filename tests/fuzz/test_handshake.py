"""What an SSH server may say before anybody is logged in: any packets end as one of our errors, in visible words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollback.errors import HostError
from rollback.hosts.ssh import connect
from rollback.model import Host, Ssh
from rollback.text import clean
from tests.hosts.ssh.strangers import stranger

NAMES = st.lists(
    st.sampled_from([b"curve25519-sha256@libssh.org", b"ssh-ed25519", b"aes128-ctr", b"none", b"\xff\x1b[2J"])
)
STRINGS = NAMES.map(b",".join) | st.binary(max_size=40)
FIELDS = STRINGS.map(lambda text: len(text).to_bytes(4, "big") + text) | st.binary(max_size=8)
KEXINIT = st.lists(FIELDS, min_size=8, max_size=11).map(lambda some: b"\x14" + bytes(16) + b"".join(some) + bytes(5))
KINDS = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 20, 21, 30, 31, 50, 51, 52, 53, 60, 80, 90, 91, 98, 192, 255])
PAYLOADS = KEXINIT | st.tuples(KINDS, st.lists(FIELDS, max_size=4)).map(lambda one: bytes([one[0]]) + b"".join(one[1]))


def packet(payload: bytes) -> bytes:
    """As they are before there are keys: length, padding, blocks of eight (RFC 4253, 6)."""
    padding = 8 - (len(payload) + 5) % 8 + 4
    return (len(payload) + 1 + padding).to_bytes(4, "big") + bytes([padding]) + payload + bytes(padding)


GREETINGS = st.sampled_from(
    [b"SSH-2.0-x\r\n", b"motd\x1b[2J\r\nSSH-2.0-OpenSSH_9.9 \xff\xe2\x80\xae\n", b"SSH-1.99-\0\r\n"]
)
SAID = st.tuples(GREETINGS, st.lists(PAYLOADS.map(packet) | st.binary(max_size=60), max_size=4)).map(
    lambda one: one[0] + b"".join(one[1])
)


class Speaker:
    """Says what it was told to, and hangs up once it was answered or waited for."""

    def __init__(self) -> None:
        self.says = b""

    def __call__(self, client: socket.socket, _: threading.Event) -> None:
        client.sendall(self.says)
        client.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while client.recv(65536):
                pass


@pytest.fixture(scope="module")
def speaker() -> Iterator[tuple[Speaker, int]]:
    one = Speaker()
    with stranger(one) as port:
        yield one, port


@settings(max_examples=120, deadline=None)
@given(SAID)
@example(b"SSH-2.0-x\r\n" + packet(b"\x14"))
@example(b"SSH-2.0-x\r\n" + packet(b"\x01\0\0\0\x02\0\0\0\x09\xff\x1b[2J\xe2\x80\xae"))
@example(b"SSH-2.0-x\r\n" + packet(b""))
def test_any_beginning_of_a_session_ends_as_one_of_our_errors(speaker: tuple[Speaker, int], says: bytes) -> None:
    one, port = speaker
    one.says = says
    ssh = Ssh(address="127.0.0.1", port=port, user="ada", known_hosts="/dev/null", connect_timeout=20.0)
    with pytest.raises(HostError) as failed:
        connect(Host("web1", "/srv/shop", ssh))
    said = f"{failed.value}{failed.value.hint}"
    assert clean(said, 1 << 20) == said
    assert "within 20 s" not in said
