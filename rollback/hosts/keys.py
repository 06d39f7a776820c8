"""Private keys that can sign: the agent's and those in files, with the certificates that belong to them.

Each file is read once for each version of it. Never forwards the agent.
"""

from __future__ import annotations

import base64
import binascii
import copy
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import paramiko
from paramiko.agent import SSH2_AGENT_IDENTITIES_ANSWER, AgentSSH, cSSH2_AGENTC_REQUEST_IDENTITIES

from rollback.errors import NotAdmitted
from rollback.hosts import passphrase
from rollback.text import clean_line

ENCRYPTED = "it is encrypted; unlock it with ssh-add"
_PATIENCE = 5.0  # seconds for each answer of the agent, which may itself be waiting for a person's touch
_LONGEST, _MOST = 256 * 1024, 2048  # bytes of an agent's answer, and its keys, as in OpenSSH
_CERTIFIED = "-cert-v01@openssh.com"


@dataclass(frozen=True, slots=True)
class Identity:
    """A key that can sign. label: where it is from, for messages."""

    label: str
    key: paramiko.PKey


class _Held(paramiko.AgentKey):  # type: ignore[misc]  # paramiko has no types
    """A key of the agent. One that it does not sign with (a person said no, a security key is not there) is refused by
    the host, and the next is tried: an error would cost the connection."""

    def sign_ssh_data(self, data: bytes, algorithm: str | None = None) -> bytes:
        try:
            return bytes(super().sign_ssh_data(data, algorithm))
        except (OSError, paramiko.SSHException, TypeError, struct.error):
            return b""


class Agent(AgentSSH):  # type: ignore[misc]  # paramiko's own knows only $SSH_AUTH_SOCK
    """An agent at any socket. Raises NotAdmitted when it is away, or answers what no agent would."""

    def __init__(self, path: str) -> None:
        super().__init__()
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_PATIENCE)
            connection.connect(path)
            self._conn, self._keys = connection, ()
            self._keys = tuple(self._listed())
        except (OSError, paramiko.SSHException, ValueError, TypeError, struct.error) as error:
            connection.close()
            raise NotAdmitted(f"the agent at {clean_line(path)} ({clean_line(str(error))})") from error

    def held(self) -> dict[bytes, Identity]:
        """By their public blobs, a certificate's being the whole of it."""
        return {
            bytes(key.blob): Identity(clean_line(f"{key.comment or key.name} (agent)"), _own(key))
            for key in self.get_keys()
        }

    def close(self) -> None:
        self._close()

    def _listed(self) -> Iterator[paramiko.AgentKey]:
        """Paramiko would believe any number."""
        kind, answer = self._send_message(cSSH2_AGENTC_REQUEST_IDENTITIES)
        count = answer.get_int()
        if kind != SSH2_AGENT_IDENTITIES_ANSWER or count > _MOST:
            raise paramiko.SSHException("it does not answer as an agent does")
        for _ in range(count):
            yield _Held(agent=self, blob=answer.get_binary(), comment=answer.get_text())

    def _read_all(self, wanted: int) -> bytes:
        if wanted > _LONGEST:
            raise paramiko.SSHException(f"it announced an answer of {wanted} bytes")
        return bytes(super()._read_all(wanted))


def _own(key: paramiko.AgentKey) -> paramiko.AgentKey:
    """A certificate that the agent holds is shown whole; paramiko would show the key inside it."""
    if key.name.endswith(_CERTIFIED) and key.inner_key is not None:
        key.public_blob = key.inner_key.public_blob
    return key


def certified(identity: Identity, certificates: tuple[Path, ...]) -> Iterator[Identity]:
    """With each certificate that is made for the key, and then the key alone, as a certificate may have expired."""
    if identity.key.get_name().endswith(_CERTIFIED):
        yield identity
        return
    for path in certificates:
        if _is_for(public(path), identity.key.asbytes()):
            key = _alone(identity.key)
            key.load_certificate(str(path))
            yield Identity(clean_line(str(path)), key)
    yield Identity(identity.label, _alone(identity.key))


def _alone(key: paramiko.PKey) -> paramiko.PKey:
    """Another value of the same key, without a certificate."""
    if isinstance(key, paramiko.AgentKey):
        return _Held(key.agent, key.blob, key.comment)
    alone = copy.copy(key)
    alone.public_blob = None
    return alone


def _is_for(certificate: bytes, key: bytes) -> bool:
    """Whether a certificate is the key's: after its type and a nonce it holds what the key's blob holds after its type
    (PROTOCOL.certkeys)."""
    try:
        return _CERTIFIED.encode() in certificate and _rest(_rest(certificate)).startswith(_rest(key))
    except struct.error:
        return False


def _rest(blob: bytes) -> bytes:
    """After the first string."""
    return blob[4 + struct.unpack(">I", blob[:4])[0] :]


def public(file: Path) -> bytes:
    """The blob in a file of a public key or a certificate; b"" when there is none."""
    try:
        return base64.b64decode(file.read_bytes().split(None, 2)[1], validate=True) if file.is_file() else b""
    except (OSError, IndexError, binascii.Error):
        return b""


def load(path: Path) -> Identity:
    """The private key in a file. Raises NotAdmitted with a few words why not."""
    try:
        seen = path.stat()
        if not path.is_file():
            raise NotAdmitted("not a file")
        return Identity(clean_line(str(path)), _parsed(path, seen.st_mtime_ns, passphrase.given(path)))
    except OSError as error:
        raise NotAdmitted((error.strerror or str(error)).lower()) from error


@lru_cache(maxsize=64)
def _parsed(path: Path, _version: int, words: str | None) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(path, words.encode("utf-8", "surrogateescape") if words else None)
    except (TypeError, paramiko.PasswordRequiredException) as error:  # cryptography's way to say: encrypted
        raise NotAdmitted(ENCRYPTED) from error
    except (ValueError, paramiko.SSHException, paramiko.UnknownKeyType, UnicodeDecodeError) as error:
        raise NotAdmitted("wrong passphrase" if words else "not a private key that can be read") from error
