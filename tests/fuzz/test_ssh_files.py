"""What lies in ~/.ssh, and what `ssh -G` prints: any bytes are read, passed over or refused, and never crash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rollback.errors import NotAdmitted
from rollback.hosts import keys, known_hosts
from rollback.hosts.host_keys import admit, known_types
from rollback.hosts.resolve import Place, destination
from rollback.hosts.ssh_config_reader import read
from rollback.model import Host, Ssh
from rollback.text import clean

LONG = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SHORT = settings(LONG, max_examples=25)

WORDS = st.sampled_from(
    [
        *(b"Host", b"Match", b"Include", b"web1", b"*", b"!web1", b"exec", b"all", b"ProxyJump", b"ProxyCommand"),
        *(b"HostName", b"User", b"Port", b"IdentityFile", b"IdentityAgent", b"UserKnownHostsFile", b"none", b"%h"),
        *(b"RevokedHostKeys", b"%%", b"%", b"~nobody-here/x", b"${HOME}", b'"', b"'", b"=", b"22", b"-1", b"99999999"),
        *(b"\x1b[2J", b"\xe2\x80\xae", b"\xff", b"\0", b"../..", b"/", b"[::1]:22", b"a@b:c,d"),
    ]
)
CONFIG = st.lists(st.lists(WORDS, max_size=5).map(b" ".join), max_size=6).map(b"\n".join) | st.binary(max_size=200)


def visible(error: NotAdmitted) -> None:
    assert clean(f"{error}{error.hint}", 1 << 20) == f"{error}{error.hint}"


@LONG
@given(CONFIG)
def test_any_ssh_config_is_read_without_an_ssh(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "ssh_config"
    file.write_bytes(text)
    try:
        read("web1", None, None, None, str(file))
    except NotAdmitted as error:
        visible(error)


@contextmanager
def printing(folder: Path, text: bytes) -> Iterator[None]:
    """An `ssh` that prints these bytes, whatever it is asked."""
    (folder / "answer").write_bytes(text)
    (folder / "ssh").write_text(f"#!/bin/sh\nexec cat {folder}/answer\n")
    (folder / "ssh").chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{folder}:{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before


KEYWORDS = st.sampled_from(
    [
        *(b"hostname", b"port", b"user", b"proxyjump", b"proxycommand", b"proxyusefdpass", b"identityfile"),
        *(b"identityagent", b"certificatefile", b"userknownhostsfile", b"globalknownhostsfile", b"revokedhostkeys"),
        *(b"addressfamily", b"hostkeyalias", b"kexalgorithms"),
    ]
)
VALUES = WORDS | st.binary(max_size=20)
ANSWERS = st.lists(st.tuples(KEYWORDS, VALUES).map(b" ".join), max_size=8).map(b"\n".join)
USUAL = b"user ada\nport 22\nhostname web1\n"


@SHORT
@given(st.sampled_from([b"", USUAL]), ANSWERS | st.binary(max_size=100))
@example(b"", b"")
@example(b"user ada\n", b"port 22222222222222222222222")
@example(USUAL, b"proxyjump ,,,")
@example(USUAL, b"proxyjump \0")
@example(USUAL, b"proxyjump a\0b@web2")
@example(USUAL, b"identityfile ~nobody-here/x")
def test_whatever_an_ssh_prints_is_understood_or_refused(tmp_path: Path, usual: bytes, text: bytes) -> None:
    from rollback.hosts.ssh_config import _asked

    _asked.cache_clear()
    with printing(tmp_path, usual + text):
        try:
            destination(Host("web1", "/srv", Ssh()))
        except NotAdmitted as error:
            visible(error)


FIELDS = [b"@revoked", b"@cert-authority", b"*", b"web1", b"!web1", b"|1|a|b", b"|1|", b"ssh-rsa", b"AAAA", b"#"]
LINE = st.lists(st.sampled_from(FIELDS) | st.binary(max_size=12), max_size=5).map(b" ".join)
LINES = st.lists(LINE, max_size=5).map(b"\n".join)


@LONG
@given(LINES | st.binary(max_size=200), LINES | st.binary(max_size=100))
def test_no_known_hosts_and_no_list_of_revoked_keys_lets_a_stranger_in(
    tmp_path: Path, known: bytes, revoked: bytes
) -> None:
    files = tmp_path / "known_hosts", tmp_path / "revoked"
    for file, text in zip(files, (known, revoked), strict=True):
        file.write_bytes(text)
    place = Place("web1", "web1", 22, ("web1",), files[:1], "strict", direct=True, revoked=files[1:])
    known_types(place)
    with pytest.raises(NotAdmitted) as refused:
        admit(place, "ssh-ed25519", b"a key that is in no file")
    visible(refused.value)


@LONG
@given(
    st.binary(max_size=300) | st.binary(max_size=200).map(lambda some: b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + some)
)
@example(b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n")
@example(b"-----BEGIN OPENSSH PRIVATE KEY-----\n\n-----END OPENSSH PRIVATE KEY-----\n")
def test_no_private_key_file_crashes(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(text)
    keys.public(file)
    with pytest.raises(NotAdmitted) as refused:
        keys.load(file)
    visible(refused.value)


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a loop", "nothing", "a device"])
def test_what_is_no_file_holds_no_keys_and_waits_for_nobody(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    match kind:
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a loop":
            path.symlink_to(path)
        case "a device":
            path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match="it"):
        known_hosts.revoked(path)
    with pytest.raises(NotAdmitted):
        keys.load(path)
    assert (known_hosts.read(path).of(("it",)), keys.public(path)) == ((), b"")
