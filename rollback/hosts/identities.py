"""The keys that are offered to a host: the agent's and those in files, in OpenSSH's order, each loaded once.

Asks for a passphrase only in a terminal, only when nothing else can be offered, and once per file. Never forwards
the agent.
"""

from __future__ import annotations

import base64
import binascii
import getpass
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import paramiko
from paramiko.agent import AgentSSH

from rollback.errors import NotAdmitted, Unreachable
from rollback.hosts.resolve import Destination
from rollback.text import clean_line

_PATIENCE = 5.0  # seconds for each answer of the agent, which may itself be waiting for a person's touch
_ASKING = threading.Lock()
_passphrases: dict[Path, str] = {}


class _Agent(AgentSSH):  # type: ignore[misc]  # paramiko has no types; its Agent knows only $SSH_AUTH_SOCK
    """An agent at any socket."""

    def __init__(self, path: str) -> None:
        super().__init__()
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_PATIENCE)
            connection.connect(path)
            self._connect(connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        self._close()


@dataclass(frozen=True, slots=True)
class Identity:
    """A key that can sign. label: where it is from, for messages."""

    label: str
    key: paramiko.PKey


@dataclass(slots=True)
class Offer:
    """What is offered to one destination, in order. skipped: keys that could not be used, and why.

    Stands in for paramiko's AuthStrategy: SSHClient calls `authenticate`.
    """

    destination: Destination
    identities: tuple[Identity, ...]
    skipped: tuple[str, ...]
    agent: _Agent | None = None
    refused: list[str] = field(default_factory=list)

    def authenticate(self, transport: paramiko.Transport) -> list[str]:
        """Offer one key after the other. Raises NotAdmitted, or Unreachable when the connection goes first."""
        for identity in self.identities:
            try:
                more = transport.auth_publickey(self.destination.user, identity.key)
            except paramiko.BadAuthenticationType as error:
                raise self._not_admitted(f"it takes no keys, only {', '.join(error.allowed_types)}") from error
            except (paramiko.SSHException, EOFError, OSError) as error:
                self._refused(transport, identity, error)
                continue
            if not more:
                return []
            raise self._not_admitted(f"besides a key it wants {', '.join(more)}")
        raise self._not_admitted("no key was accepted" if self.identities else "there is no key to offer")

    def close(self) -> None:
        if self.agent is not None:
            self.agent.close()

    def _refused(self, transport: paramiko.Transport, identity: Identity, error: Exception) -> None:
        """A host that hangs up on the first key has other troubles; one that does so later has had enough of them."""
        if "timeout" in str(error).lower() or not (transport.is_active() or self.refused):
            raise Unreachable(f"{self.destination.place} hung up during the authentication: {clean_line(str(error))}")
        self.refused.append(identity.label)
        if not transport.is_active():
            raise self._not_admitted("it hung up after these keys")

    def _not_admitted(self, why: str) -> NotAdmitted:
        user, place = clean_line(self.destination.user), self.destination.place
        tried = ", ".join(self.refused) or "none"
        passed = f"; not used: {', '.join(self.skipped)}" if self.skipped else ""
        return NotAdmitted(
            f"{place} does not let {user} in: {clean_line(why)}. Keys tried: {tried}{passed}.",
            hint=f"Is {user} the right user, and is one of these keys in its ~/.ssh/authorized_keys there? "
            f"Compare: ssh -v -l {user} {clean_line(place.host)} true",
        )


def offer(destination: Destination) -> Offer:
    """Gather the keys for `destination`. Does not connect to it; may ask for a passphrase in a terminal."""
    agent, complaint = _agent(destination.agent)
    held = {bytes(key.asbytes()): _held(key) for key in (agent.get_keys() if agent else ())}
    skipped = [complaint] if complaint else []
    named, files = [], []
    for path in destination.identities:
        match = held.pop(_public(path), None)
        if match:
            named.append(match)
        else:
            files.append(path)
    loaded, failed = _loaded(files)
    rest = [] if destination.identities_only else list(held.values())
    identities = [*named, *rest, *loaded] or list(_unlocked(failed))
    skipped += [f"{clean_line(str(path))} ({why})" for path, why in failed.items()]
    return Offer(destination, tuple(identities), tuple(skipped), agent)


def _agent(path: str | None) -> tuple[_Agent | None, str]:
    """An agent that is away is no reason to stop: there may be files."""
    if path is None:
        return None, ""
    try:
        return _Agent(path), ""
    except (OSError, paramiko.SSHException) as error:
        return None, f"the agent at {clean_line(path)} ({clean_line(str(error))})"


def _held(key: paramiko.AgentKey) -> Identity:
    return Identity(clean_line(f"{key.comment or key.get_name()} (agent)"), key)


def _public(path: Path) -> bytes:
    """The public key beside a private one, or the file itself; b"" when there is none."""
    file = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    try:
        return base64.b64decode(file.read_bytes().split(None, 2)[1], validate=True)
    except (OSError, IndexError, binascii.Error):
        return b""


def _loaded(paths: list[Path]) -> tuple[list[Identity], dict[Path, str]]:
    loaded, failed = [], {}
    for path in paths:
        try:
            loaded.append(Identity(clean_line(str(path)), _key(path)))
        except NotAdmitted as error:
            failed[path] = str(error)
    return loaded, failed


def _unlocked(failed: dict[Path, str]) -> Iterator[Identity]:
    """Ask a person for the first passphrase that opens a key; what was opened is no longer among the failed."""
    for path, why in list(failed.items()):
        if why == _ENCRYPTED and sys.stdin is not None and sys.stdin.isatty():
            with _ASKING:
                if path not in _passphrases:
                    _passphrases[path] = getpass.getpass(f"Passphrase for {clean_line(str(path))}: ")
            with suppress(NotAdmitted):
                key = _key(path)
                del failed[path]
                yield Identity(clean_line(str(path)), key)
                return
            failed[path] = "wrong passphrase"


_ENCRYPTED = "it is encrypted; unlock it with ssh-add"


def _key(path: Path) -> paramiko.PKey:
    """The private key in a file. Raises NotAdmitted with a few words why not."""
    try:
        seen = path.stat()
        return _parsed(path, seen.st_mtime_ns, _passphrases.get(path))
    except OSError as error:
        raise NotAdmitted((error.strerror or str(error)).lower()) from error


@lru_cache(maxsize=64)
def _parsed(path: Path, _version: int, passphrase: str | None) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(path, passphrase.encode() if passphrase else None)
    except (TypeError, paramiko.PasswordRequiredException) as error:  # cryptography's way to say: encrypted
        raise NotAdmitted(_ENCRYPTED) from error
    except (ValueError, paramiko.SSHException, paramiko.UnknownKeyType, UnicodeDecodeError) as error:
        raise NotAdmitted("not a private key that can be read, or a wrong passphrase") from error
