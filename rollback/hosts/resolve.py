"""How a host is reached, from its ssh_config and the playbook's own words, which win: address, keys, jump hosts.

Opens no connection and reads no key; everything that comes out is a value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rollback.errors import NotAdmitted
from rollback.hosts import tokens
from rollback.hosts.ssh_config import settings
from rollback.hosts.tokens import expanded
from rollback.model import Host, Ssh
from rollback.text import clean_line

_DEEPEST = 8  # jump hosts in a row; more is a loop
_DEFAULT_KEYS = re.compile(r"id_(rsa|dsa|ecdsa|ed25519|xmss)(_sk)?")
# What may be put in a ProxyCommand, which a shell reads: OpenSSH refuses the same since 9.6.
_HARMLESS = re.compile(r"[A-Za-z0-9_.:%+@=][A-Za-z0-9_.:%+@=-]*")


@dataclass(frozen=True, slots=True)
class Allowed:
    """Algorithms that the ssh_config allows, as OpenSSH names them; None: it does not say."""

    kex: frozenset[str] | None = None
    ciphers: frozenset[str] | None = None
    macs: frozenset[str] | None = None
    host_keys: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key was shown. host: the playbook's name. names: those its key may be filed under, the exact one first.

    files: in the order they are read. policy: "strict" or "accept-new". direct: no jump host or proxy lies between.
    revoked: files of keys that are never admitted. lax: its ssh_config would take new keys, which does not count.
    """

    host: str
    address: str
    port: int
    names: tuple[str, ...]
    files: tuple[Path, ...]
    policy: str
    direct: bool
    revoked: tuple[Path, ...] = ()
    lax: bool = False

    def __str__(self) -> str:
        address = "" if self.address == self.host else f"{self.address} "
        return clean_line(f"{self.host} ({address}port {self.port})")


@dataclass(frozen=True, slots=True)
class Destination:
    """Everything that is needed to connect.

    identities: private key files, those that somebody named even when they do not exist. certificates: for whichever
    key they belong to. agent: the agent's socket. family: "any", "inet" or "inet6". jump: the host to go through.
    proxy_command: ready for a shell.
    """

    place: Place
    user: str
    identities: tuple[Path, ...] = ()
    certificates: tuple[Path, ...] = ()
    identities_only: bool = False
    agent: str | None = None
    family: str = "any"
    jump: Destination | None = None
    proxy_command: str | None = None
    allowed: Allowed = Allowed()


def destination(host: Host) -> Destination:
    """How to reach `host`. Raises NotAdmitted when its ssh_config cannot be used."""
    return _destination(host.name, host.ssh, jumps=None, depth=0)


def _destination(name: str, ssh: Ssh, jumps: str | None, depth: int) -> Destination:
    """jumps: the jump hosts before this one, when it is one itself; without any, its own ProxyJump counts."""
    if depth > _DEEPEST:
        raise NotAdmitted(f"The ProxyJump of {clean_line(name)} leads in a circle.", hint=f"ssh -G {clean_line(name)}")
    said = settings(name, ssh)
    one = dict(reversed(said))  # the first value of a keyword counts
    address, port, user = _where(name, one)
    known = tokens.tokens(name, address, port, user, one.get("hostkeyalias"))
    jump = _jump(jumps or one.get("proxyjump", "none"), ssh, depth)
    proxy = None if jump else _proxy_command(one, known)
    return Destination(
        place=_place(name, ssh, one, (address, port), direct=not (jump or proxy)),
        user=user,
        identities=tuple(_identities((value for key, value in said if key == "identityfile"), known)),
        certificates=tuple(tokens.path(value, known) for key, value in said if key == "certificatefile"),
        identities_only=one.get("identitiesonly") == "yes",
        agent=_agent(one.get("identityagent", "SSH_AUTH_SOCK")),
        family=one.get("addressfamily", "any"),
        jump=jump,
        proxy_command=proxy,
        allowed=Allowed(
            *(_listed(one.get(word)) for word in ("kexalgorithms", "ciphers", "macs", "hostkeyalgorithms"))
        ),
    )


def _where(name: str, one: Mapping[str, str]) -> tuple[str, int, str]:
    """Address, port and user. An `ssh` that is a wrapper may print anything."""
    port, user = one.get("port", ""), one.get("user", "")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536 and user):
        said = f"ssh says of {clean_line(name)}: port {clean_line(port, 40)!r}, user {clean_line(user, 40)!r}"
        raise NotAdmitted(f"{said}, which is no way to reach it.", hint=f"ssh -G -- {clean_line(name)}")
    return one.get("hostname", name), int(port), user


def _place(name: str, ssh: Ssh, one: Mapping[str, str], at: tuple[str, int], *, direct: bool) -> Place:
    names, files = _filed_names(*at, one.get("hostkeyalias")), _known_hosts(ssh, one)
    lax = one.get("stricthostkeychecking") in {"no", "off", "false", "accept-new"}
    return Place(name, *at, names, files, ssh.host_keys, direct, _files(one.get("revokedhostkeys", "none")), lax)


def _jump(jumps: str, ssh: Ssh, depth: int) -> Destination | None:
    """`user@host:port,host2`: the last one is next to the target, each goes through those before it."""
    if jumps.lower() == "none":
        return None
    before, _, last = jumps.rpartition(",")
    user, host, port = _hop(last)
    words = Ssh(user, None, port, ssh.config, ssh.known_hosts, ssh.host_keys, ssh.connect_timeout, ssh.command_timeout)
    return _destination(host, words, jumps=before or None, depth=depth + 1)


def _hop(text: str) -> tuple[str | None, str, int | None]:
    text = text.strip().removeprefix("ssh://").rstrip("/")
    user, _, place = text.rpartition("@")
    found = re.fullmatch(r"\[(?P<v6>[^]]+)\](?::(?P<p6>\d+))?|(?P<v4>[^:]+)(?::(?P<p4>\d+))?|(?P<bare>.+)", place)
    if not found:
        raise NotAdmitted(f"The ProxyJump {clean_line(text)!r} is not a host.")
    port = found["p6"] or found["p4"]
    return user or None, found["v6"] or found["v4"] or found["bare"], int(port) if port else None


def _proxy_command(one: Mapping[str, str], known: Mapping[str, str]) -> str | None:
    """With its tokens filled in; what a shell could misunderstand is refused."""
    command = one.get("proxycommand", "none")
    if command.lower() == "none":
        return None
    if one.get("proxyusefdpass") == "yes":
        raise NotAdmitted(f"The ssh_config of {clean_line(known['%n'])} sets ProxyUseFdpass, which is not supported.")
    spoken = {token: known[token] for token in ("%h", "%n", "%p", "%r")}
    for value in spoken.values():
        if not _HARMLESS.fullmatch(value):
            raise NotAdmitted(f"{clean_line(value)!r} cannot be used in a ProxyCommand: it holds shell characters.")
    return tokens.filled(command, spoken)


def _filed_names(address: str, port: int, alias: str | None) -> tuple[str, ...]:
    """The names to look under. OpenSSH also takes a key that is filed for the bare name, whatever the port."""
    if alias:
        return (alias.lower(),)
    return (address.lower(),) if port == 22 else (f"[{address}]:{port}".lower(), address.lower())


def _known_hosts(ssh: Ssh, one: Mapping[str, str]) -> tuple[Path, ...]:
    if ssh.known_hosts:
        return (expanded(ssh.known_hosts),)
    return tuple(
        file for word in ("userknownhostsfile", "globalknownhostsfile") for file in _files(one.get(word, "none"))
    )


def _files(value: str) -> tuple[Path, ...]:
    """`ssh -G` prints several paths without quotes, so one path with blanks in it can only be told by looking."""
    files = [value] if os.access(expanded(value), os.F_OK) else value.split()
    return tuple(expanded(file) for file in files if file.lower() != "none")


def _identities(values: Iterable[str], known: Mapping[str, str]) -> Iterable[Path]:
    """Those that exist, and those that do not but were named by somebody: the defaults are only tried."""
    for value in values:
        path = tokens.path(value, known)
        default = path.parent == tokens.home() / ".ssh" and _DEFAULT_KEYS.fullmatch(path.name)
        if value.lower() != "none" and (os.access(path, os.F_OK) or not default):
            yield path


def _agent(value: str) -> str | None:
    if value.lower() == "none":
        return None
    if value == "SSH_AUTH_SOCK":
        return os.environ.get("SSH_AUTH_SOCK") or None
    return os.environ.get(value[1:]) if value.startswith("$") else str(expanded(value))


def _listed(value: str | None) -> frozenset[str] | None:
    return frozenset(value.split(",")) if value else None
