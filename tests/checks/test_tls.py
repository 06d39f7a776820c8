"""Asking with https: whose certificate is believed, and in whose name it is asked for."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rollback.checks import tls
from rollback.events import Noticed
from rollback.model import Result
from tests.checks.world import Page, closed_port, serving, told, world

NAME = "shop.example.com"
TODAY = datetime.now(UTC)


@dataclass
class Authority:
    """A certificate authority and a certificate for one name, in files."""

    ca: Path
    chain: Path


def authority(folder: Path, name: str) -> Authority:
    keys = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    whose = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("test CA", name)]
    ca = _certificate(whose[0], whose[0], keys[0], keys[0]).add_extension(x509.BasicConstraints(True, 0), True)
    leaf = _certificate(whose[1], whose[0], keys[1], keys[0])
    leaf = leaf.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
    pem = serialization.Encoding.PEM
    private = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made = Authority(folder / "ca.pem", folder / "chain.pem")
    made.ca.write_bytes(ca.sign(keys[0], hashes.SHA256()).public_bytes(pem))
    made.chain.write_bytes(private + leaf.sign(keys[0], hashes.SHA256()).public_bytes(pem))
    return made


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(TODAY - timedelta(days=1))
        .not_valid_after(TODAY + timedelta(days=7))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    )


@dataclass
class Server:
    port: int = 0
    names: list[str | None] = field(default_factory=list)  # that were asked for


@contextmanager
def https(chain: Path) -> Iterator[Server]:
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.sni_callback = lambda _, name, __: server.names.append(name)
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(peer, server_side=True) as secure:
                secure.recv(65536)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def check(port: int, settings: str) -> str:
    return f"  - {{name: up, http: {{path: /, port: {port}, tls: {settings}}}, expect: {{status: 200}}}}"


def test_a_host_is_asked_in_the_name_of_the_environment(tmp_path: Path) -> None:
    made = authority(tmp_path, NAME)
    with https(made.chain) as server:
        (found,) = world(check(server.port, f"{{ca_file: {made.ca}}}"), url=f"https://{NAME}").ask()
        assert told(found) == (Result.PASS, "GET / answered 200", "")
        assert server.names == [NAME]


def test_another_name_can_be_asked_for(tmp_path: Path) -> None:
    made = authority(tmp_path, "web.internal")
    with https(made.chain) as server:
        written = f"{{ca_file: {made.ca}, server_name: web.internal}}"
        assert [f.result for f in world(check(server.port, written), url=f"https://{NAME}").ask()] == [Result.PASS]
        assert server.names == ["web.internal"]


def test_the_operators_own_authorities_are_believed(tmp_path: Path) -> None:
    made = authority(tmp_path, NAME)
    with https(made.chain) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.ca))
        tls._usual.cache_clear()
        try:
            assert [f.result for f in world(check(server.port, "{}"), url=f"https://{NAME}").ask()] == [Result.PASS]
        finally:
            tls._usual.cache_clear()


def test_the_authorities_are_read_once_for_all_hosts_and_not_at_all_where_none_is_asked_for() -> None:
    """They take 60 ms of CPU, and a large fleet is asked by many threads at once."""
    read: list[threading.Thread] = []

    def reading() -> ssl.SSLContext:
        read.append(threading.current_thread())
        time.sleep(0.05)  # so that they would meet
        return made()

    made, hosts = ssl.create_default_context, f"[{', '.join(f'web{number}' for number in range(8))}]"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", reading)
        tls._usual.cache_clear()
        try:
            with serving(lambda _: Page()) as app:
                plain = check(app.port, "{}").replace(", tls: {}", "")
                assert [f.result for f in world(plain, hosts=hosts).ask()] == [Result.PASS] * 8
            assert read == []
            with closed_port() as port:
                assert len(world(check(port, "{}"), hosts=hosts).ask()) == 8
            assert len(read) == 1
        finally:
            tls._usual.cache_clear()


@pytest.mark.parametrize(("name", "why"), [(NAME, "unable to get local issuer certificate"), ("other.example.com", "")])
def test_a_certificate_that_cannot_be_believed_is_a_wrong_answer(tmp_path: Path, name: str, why: str) -> None:
    made = authority(tmp_path, name)
    written = "{}" if why else f"{{ca_file: {made.ca}}}"
    with https(made.chain) as server:
        (found,) = world(check(server.port, written), url=f"https://{NAME}").ask()
        assert (found.result, found.expected, found.attempts) == (Result.FAIL, "a certificate that can be trusted", 1)
        assert found.observed.startswith("certificate refused: ")
        assert (why or "Hostname mismatch") in found.observed


def test_without_verification_any_certificate_will_do_and_it_is_said_loudly(tmp_path: Path) -> None:
    made = authority(tmp_path, "other.example.com")
    with https(made.chain) as server:
        small = world(check(server.port, "{insecure: on}"), url=f"https://{NAME}")
        assert [f.result for f in small.ask()] == [Result.PASS]
        assert small.events[0] == Noticed("check up: certificates are NOT verified (tls.insecure)")


@pytest.mark.parametrize(
    "kind",
    [
        "load: {path: /, port: PORT, requests: 2, concurrency: 1, error_ratio: {max: 0%}, tls: {insecure: on}}",
        "flow: [{request: {get: /}, expect: {status: 200}}], port: PORT, tls: {insecure: on}",
    ],
)
def test_every_kind_that_speaks_https_says_so_when_it_does_not_verify(tmp_path: Path, kind: str) -> None:
    with https(authority(tmp_path, "other.example.com").chain) as server:
        small = world(f"  - {{name: up, {kind}}}".replace("PORT", str(server.port)), url=f"https://{NAME}")
        assert [f.result for f in small.ask()] == [Result.PASS]
        assert small.events[0] == Noticed("check up: certificates are NOT verified (tls.insecure)")


def test_a_port_that_does_not_speak_tls_is_waited_for(tmp_path: Path) -> None:
    made = authority(tmp_path, NAME)
    with https(made.chain) as server:
        plain = f"  - {{name: up, http: {{path: /, port: {server.port}}}, expect: {{status: 200}}}}"
        (found,) = world(plain, url=f"https://{NAME}").ask()
        assert (found.result, found.attempts) == (Result.FAIL, 3)


def test_a_ca_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with closed_port() as port:
        for text in (None, "no certificate"):
            file = tmp_path / f"{text}.pem"
            if text:
                file.write_text(text)
            (found,) = world(check(port, f"{{ca_file: '{file}'}}"), url=f"https://{NAME}").ask()
            assert found.result is Result.ERROR
            assert found.observed.startswith(f"tls.ca_file {file} can't be read: ")
