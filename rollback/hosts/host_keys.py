"""The policy on host keys: strict, always. What is on file is let through, a new key only when the playbook says so.

Knows keys as bytes only. Never asks; every refusal says what was shown, what is on file and where, and what mends it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import threading
from pathlib import Path

from rollback.errors import NotAdmitted
from rollback.hosts.known_hosts import Line, read, revoked
from rollback.hosts.resolve import Place
from rollback.private import private_folder
from rollback.text import clean_line

_APPENDING = threading.Lock()


def known_types(place: Place) -> tuple[str, ...]:
    """The key types on file for this place. Preferred in the key exchange, or a host that has several looks changed."""
    lines = _exact(place) or _lines(place, place.names)
    return tuple(dict.fromkeys(line.type for line in lines))


def admit(place: Place, kind: str, key: bytes) -> None:
    """Return when `key` is the one on file, or is new and the policy takes new ones (it is then on file).

    Raises NotAdmitted for a revoked, a changed and an unknown key, with the command that mends it.
    """
    shown = f"{clean_line(kind)} {fingerprint(key)}"
    _refuse_revoked(place, key, shown)
    if any(line.key == key for line in _lines(place, place.names)):
        return
    if changed := _exact(place):
        raise _changed(place, changed, kind, shown)
    if place.policy == "accept-new":
        _append(place, kind, key)
        return
    raise NotAdmitted(
        f"The host key of {place} is unknown, it showed {shown}; looked in {_files(place)}.{_but(place)}",
        hint=f"Compare it with the host's own (there: {_own(kind)}), then: {_scan(place)}",
    )


def _refuse_revoked(place: Place, key: bytes, shown: str) -> None:
    every = (
        *_lines(place, place.names, "@revoked"),
        *(line for file in place.revoked for line in _listed(place, file)),
    )
    for line in every:
        if line.key == key:
            raise NotAdmitted(
                f"{place} showed a host key that {_at(line)} revokes: {shown}.",
                hint=f"Find out who revoked it and why; the line: sed -n {line.number}p {_quoted(line.file)}",
            )


def _listed(place: Place, file: Path) -> tuple[Line, ...]:
    """Of RevokedHostKeys. As in OpenSSH nobody is admitted while it can't be read; ssh-keygen's binary lists can't."""
    try:
        return revoked(file)
    except (OSError, ValueError) as error:
        raise NotAdmitted(
            f"{place} is not admitted: {clean_line(str(file))}, its RevokedHostKeys, can't be read as a list of keys.",
            hint=f"Look at it: head -c 80 {_quoted(file)} (a KRL must be a list of public keys for rollback)",
        ) from error


def _but(place: Place) -> str:
    """What somebody may have relied on, and does not count."""
    vouching = _lines(place, place.names, "@cert-authority")[:1]
    said = [f" {_at(line)} names an authority for its certificate, which is not checked here." for line in vouching]
    if place.lax:
        said.append(" The StrictHostKeyChecking of its ssh_config does not count; the playbook's ssh.host_keys does.")
    return "".join(said)


def fingerprint(key: bytes) -> str:
    """As `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode("ascii").rstrip("=")


def _changed(place: Place, lines: tuple[Line, ...], kind: str, shown: str) -> NotAdmitted:
    line = next((line for line in lines if line.type == kind), lines[0])
    file = _quoted(line.file)
    return NotAdmitted(
        f"The host key of {place} is not the one in {_at(line)}: it showed {shown}, "
        f"known is {clean_line(line.type)} {fingerprint(line.key)}. It was reinstalled, or somebody stands between.",
        hint=f"Compare it with the host's own (there: {_own(kind)}), "
        f"then: ssh-keygen -R {shlex.quote(place.names[0])} -f {file} && {_scan(place)}",
    )


def _own(kind: str) -> str:
    name = {"ssh-rsa": "rsa", "ssh-ed25519": "ed25519"}.get(kind, "ecdsa")
    return f"ssh-keygen -lf /etc/ssh/ssh_host_{name}_key.pub"


def _scan(place: Place) -> str:
    file = _quoted(place.files[0]) if place.files else "~/.ssh/known_hosts"
    if place.direct and place.names[-1] == place.address.lower():
        return f"ssh-keyscan -p {place.port} {shlex.quote(place.address)} >> {file}"
    # A scan reaches neither through a jump host nor knows of an alias.
    return f"ssh -o StrictHostKeyChecking=ask -o UserKnownHostsFile={file} {shlex.quote(place.host)} true"


def _at(line: Line) -> str:
    return f"{clean_line(str(line.file))} line {line.number}"


def _quoted(file: Path) -> str:
    return clean_line(shlex.quote(str(file)))


def _files(place: Place) -> str:
    return ", ".join(clean_line(str(file)) for file in place.files) or "no file (UserKnownHostsFile is none)"


def _append(place: Place, kind: str, key: bytes) -> None:
    if not place.files:
        raise NotAdmitted(f"{place} has a new host key and there is no known_hosts file to add it to.")
    file = place.files[0]
    with _APPENDING:
        if any(line.key == key for line in _exact(place)):
            return  # another thread met the same host
        try:
            private_folder(file.parent)
            before = file.read_bytes()[-1:] if file.is_file() else b""
            gap = b"" if before in (b"", b"\n") else b"\n"
            text = f"{place.names[0]} {kind} {base64.b64encode(key).decode('ascii')}\n".encode()
            descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "wb") as end:
                end.write(gap + text)
        except OSError as error:
            raise NotAdmitted(
                f"The new host key of {place} cannot be added to {_files(place)}: {error.strerror}."
            ) from error


def _exact(place: Place) -> tuple[Line, ...]:
    return _lines(place, place.names[:1])


def _lines(place: Place, names: tuple[str, ...], marker: str = "") -> tuple[Line, ...]:
    return tuple(line for file in place.files for line in read(file).of(names) if line.marker == marker)
