"""The keys that are offered to a host: the agent's and those in files, in OpenSSH's order, certificates first.

Asks for a passphrase only in a terminal, only when nothing else can be offered, and once per file. Never types a
password: a fleet is let in by keys, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from rollback.errors import NotAdmitted, Unreachable
from rollback.hosts import passphrase
from rollback.hosts.keys import ENCRYPTED, Agent, Identity, certified, load, public
from rollback.hosts.resolve import Destination
from rollback.text import clean_line

_BY_KEYS = "rollback logs in by key alone, as nobody can type at many hosts: let sshd_config allow that for this user."


@dataclass(slots=True)
class Offer:
    """What is offered to one destination, in order. skipped: keys that could not be used, and why.

    Stands in for paramiko's AuthStrategy: SSHClient calls `authenticate`.
    """

    destination: Destination
    identities: tuple[Identity, ...]
    skipped: tuple[str, ...]
    agent: Agent | None = None
    refused: list[str] = field(default_factory=list)

    def authenticate(self, transport: paramiko.Transport) -> list[str]:
        """Offer one key after the other. Raises NotAdmitted, or Unreachable when the connection goes first."""
        for identity in self.identities:
            try:
                more = transport.auth_publickey(self.destination.user, identity.key)
            except paramiko.BadAuthenticationType as error:
                said = f"it takes no keys, only {', '.join(error.allowed_types)}"
                raise self._not_admitted(said, _BY_KEYS) from error
            except (paramiko.SSHException, EOFError, OSError) as error:
                self._refused(transport, identity, error)
                continue
            if not more:
                return []
            raise self._not_admitted(f"besides a key it wants {', '.join(more)}", _BY_KEYS)
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

    def _not_admitted(self, why: str, hint: str = "") -> NotAdmitted:
        user, place = clean_line(self.destination.user), self.destination.place
        tried = ", ".join(self.refused) or "none"
        passed = f"; not used: {', '.join(self.skipped)}" if self.skipped else ""
        return NotAdmitted(
            f"{place} does not let {user} in: {clean_line(why)}. Keys tried: {tried}{passed}.",
            hint=hint
            or f"Is {user} the right user, and is one of these keys in its ~/.ssh/authorized_keys there? "
            f"Compare: ssh -v -l {user} {clean_line(place.host)} true",
        )


def offer(destination: Destination) -> Offer:
    """Gather the keys for `destination`. Does not connect to it; may ask for a passphrase in a terminal."""
    agent, skipped = _agent(destination.agent)
    held = agent.held() if agent else {}
    named, files = [], []
    for path in destination.identities:
        match = held.pop(_public(path), None)
        if match:
            named.append(match)
        else:
            files.append(path)
    loaded, failed = _loaded(files)
    rest = [] if destination.identities_only else list(held.values())
    found = [*named, *rest, *loaded] or list(_unlocked(failed))
    skipped += [f"{clean_line(str(path))} ({why})" for path, why in failed.items()]
    identities = [each for one in found for each in certified(one, _certificates(destination))]
    return Offer(destination, tuple(identities), tuple(skipped), agent)


def _certificates(destination: Destination) -> tuple[Path, ...]:
    return (*destination.certificates, *(path.with_name(f"{path.name}-cert.pub") for path in destination.identities))


def _agent(path: str | None) -> tuple[Agent | None, list[str]]:
    """An agent that is away is no reason to stop: there may be files."""
    try:
        return (Agent(path) if path else None), []
    except NotAdmitted as error:
        return None, [str(error)]


def _public(path: Path) -> bytes:
    """The public key beside a private one, or the file itself."""
    return public(path if path.suffix == ".pub" else path.with_name(path.name + ".pub"))


def _loaded(paths: list[Path]) -> tuple[list[Identity], dict[Path, str]]:
    loaded, failed = [], {}
    for path in paths:
        try:
            loaded.append(load(path))
        except NotAdmitted as error:
            failed[path] = str(error)
    return loaded, failed


def _unlocked(failed: dict[Path, str]) -> Iterator[Identity]:
    """Ask a person for the first passphrase that opens a key; what was opened is no longer among the failed."""
    for path, why in list(failed.items()):
        if why == ENCRYPTED and passphrase.ask(path) is not None:
            try:
                identity = load(path)
            except NotAdmitted as error:
                failed[path] = str(error)
                continue
            del failed[path]
            yield identity
            return
