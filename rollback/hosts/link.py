"""One link of the way to a host: a Fabric connection with our host keys, our identities and our algorithms.

Fabric and paramiko bring defaults that would trust any host and read configuration of their own: none of them is left.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import fabric
import paramiko

from rollback.errors import HostError, NotAdmitted, Unreachable
from rollback.hosts import sockets
from rollback.hosts.host_keys import admit, known_types
from rollback.hosts.identities import Offer
from rollback.hosts.resolve import Destination, Place
from rollback.text import clean_line

# Fastest first; what is missing here is not used at all. The user's ssh_config may only take away.
_KEX = (
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "mlkem768x25519-sha256",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256",
)
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}  # key type -> host key algorithms, where they differ
_ALIASES = {"curve25519-sha256@libssh.org": "curve25519-sha256"}
_KEEPALIVE = 15  # seconds; with TCP_USER_TIMEOUT it makes a dead peer known
_FOREVER = 86_400.0  # paramiko's own timeouts, out of the way of our deadline

_GREETING = 64 * 1024  # bytes of lines before and with the greeting
_PACKET = 256 * 1024  # bytes: OpenSSH takes no larger one

# Its threads log tracebacks; without a handler Python would print them on the terminal.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class _Bounded(paramiko.Packetizer):  # type: ignore[misc]  # paramiko has no types
    """Paramiko collects a greeting, and a packet of up to 4 GiB, in memory before it looks at it."""

    _greeted = 0
    heard = 0.0  # when the last of it came, by time.monotonic()

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        if n > _PACKET:
            raise paramiko.SSHException(f"it announced a packet of {n} bytes")
        data = bytes(super().read_all(n, check_rekey))
        self.heard = time.monotonic()
        return data

    def _read_timeout(self, timeout: float) -> bytes:
        data: bytes = super()._read_timeout(timeout)
        self._greeted += len(data)
        if self._greeted > _GREETING:
            raise paramiko.SSHException(": it never ends")
        return data


class _Transport(paramiko.Transport):  # type: ignore[misc]
    """Paramiko keeps one refused channel a connection: of two at once one would get the other's reason, or none."""

    def __init__(self, sock: Any, **options: Any) -> None:
        self._asking = threading.local()
        self._refusals: dict[int, paramiko.ChannelException] = {}
        super().__init__(sock, **options)

    def _next_channel(self) -> int:
        self._asking.channel = number = int(super()._next_channel())
        return number

    def _parse_channel_open_failure(self, message: paramiko.Message) -> None:
        number, code, said = message.get_int(), message.get_int(), message.get_text()
        with self.lock:
            asking = self.channel_events.pop(number, None)
            if asking is not None:
                self._refusals[number] = paramiko.ChannelException(code, said)
                self._channels.delete(number)
                asking.set()

    def get_exception(self) -> Any:
        refusal = self._refusals.pop(getattr(self._asking, "channel", -1), None)
        return refusal or super().get_exception()


class _Strict(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
    """Every host key comes here, as the client is given none: ours is the only judge."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def missing_host_key(self, client: object, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        admit(self._place, key.get_name(), key.asbytes())


def link(hop: Destination, keys: Offer, base: sockets.Base) -> fabric.Connection:
    """One Fabric connection over that socket."""
    made = fabric.Connection(
        hop.place.address,
        user=hop.user,
        port=hop.place.port,
        config=nothing_configured(),
        forward_agent=False,
        connect_kwargs={
            "transport_factory": partial(_transport, hop),
            "auth_strategy": keys,
            "sock": base.socket,
            **dict.fromkeys(("banner_timeout", "auth_timeout", "channel_timeout"), _FOREVER),
        },
    )
    made.client.set_missing_host_key_policy(_Strict(hop.place))
    try:
        made.open()
    except BaseException:
        made.client.close()
        raise
    made.transport.set_keepalive(_KEEPALIVE)
    return made


def nothing_configured() -> fabric.Config:
    """lazy: no ~/.fabric.py, no /etc/fabric.yml, no ssh_config; ours is resolved already.

    One for each connection: Fabric writes into it, and another thread's connection would find it empty meanwhile."""
    return fabric.Config(ssh_config=paramiko.SSHConfig(), lazy=True)


def _transport(hop: Destination, sock: Any, **options: Any) -> paramiko.Transport:
    transport = _Transport(sock, packetizer_class=_Bounded, **options)
    chosen = transport.get_security_options()
    chosen.kex = _chosen("key exchanges", _KEX, chosen.kex, hop.allowed.kex)
    chosen.ciphers = _chosen("ciphers", _CIPHERS, chosen.ciphers, hop.allowed.ciphers)
    chosen.digests = _chosen("MACs", _MACS, chosen.digests, hop.allowed.macs)
    known = [name for kind in known_types(hop.place) for name in _ALGORITHMS.get(kind, (kind,))]
    wanted = tuple(dict.fromkeys((*known, *chosen.key_types)))
    chosen.key_types = _chosen("host keys", wanted, chosen.key_types, hop.allowed.host_keys)
    return transport


def _chosen(
    what: str, wanted: tuple[str, ...], possible: tuple[str, ...], allowed: frozenset[str] | None
) -> tuple[str, ...]:
    chosen = tuple(
        name for name in wanted if name in possible and (not allowed or {name, _ALIASES.get(name, name)} & allowed)
    )
    if not chosen:
        raise NotAdmitted(f"None of the {what} that the ssh_config allows is known here.")
    return chosen


@contextmanager
def explained(place: Place, watchdog: Watchdog, base: sockets.Base | None = None) -> Iterator[None]:
    """Every way in which paramiko and the system fail, as one of ours. What its thread meets in a hostile packet may be
    an error of any kind, and comes out here."""
    try:
        yield
    except Exception as error:
        watchdog.check()
        if isinstance(error, HostError):
            raise
        raise _explanation(place, error, base.said() if base else "") from error


def _explanation(place: Place, error: Exception, proxy_said: str) -> HostError:
    said = clean_line(proxy_said or str(error) or "the connection was closed").rstrip(".")
    if isinstance(error, paramiko.IncompatiblePeer):
        return NotAdmitted(f"{place} and this side have no algorithm in common: {said}.")
    if isinstance(error, paramiko.ChannelException):
        return Unreachable(f"{place} opened no channel: {said}.")
    return Unreachable(f"The SSH connection to {place} failed: {said}.")


class Watchdog:
    """Calls `end` after some seconds: the only thing that ends every wait in paramiko is to take its socket away.

    late: the sentence for when that happened.
    """

    def __init__(self, seconds: float, end: Callable[[], None], late: str) -> None:
        self._expired = False
        self._end, self._late = end, late
        self._timer = threading.Timer(max(seconds, 0.0), self._bark)
        self._timer.daemon = True

    def _bark(self) -> None:
        self._expired = True
        self._end()

    def check(self) -> None:
        """Raises Unreachable when it has barked: whatever broke or ended since, it was the cut."""
        if self._expired:
            raise Unreachable(self._late, hint="Is it overloaded, or is something else than SSH there?")

    def __enter__(self) -> Watchdog:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
