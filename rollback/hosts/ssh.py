"""Connections to hosts over SSH: `connect`, then `exec` and `dial` on raw channels, each with its own deadline.

The way through: resolve (what ssh_config says) -> sockets (the first socket) -> link (Fabric and paramiko: host keys,
identities) -> channel (one command), forward (one socket). What is said on a connection is none of this room's
business, and it never retries.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from typing import IO, Any

import paramiko

from rollback.errors import NotAdmitted, OutsideProtocol, Unreachable
from rollback.hosts import sockets
from rollback.hosts.channel import Said, TooMuch, converse
from rollback.hosts.forward import bridge
from rollback.hosts.identities import offer
from rollback.hosts.link import Watchdog, explained, link
from rollback.hosts.resolve import Destination, Place, destination
from rollback.model import Host
from rollback.text import clean, clean_line

_AT_ONCE = (
    8  # connections that are made through the same host at once: of ten or more its sshd drops some (MaxStartups)
)


def connect(host: Host) -> SshTransport:
    """Connect to `host` and authenticate, through its jump hosts, within `host.ssh.connect_timeout` seconds.

    Raises NotAdmitted (host key, authentication, configuration: trying again is no use) or Unreachable.
    """
    target = destination(host)
    patience = host.ssh.connect_timeout
    with ExitStack() as offers, ExitStack() as opened:
        # Before the clock starts: a person may have to type a passphrase, and others may be on the same way.
        hops = [(hop, offer(hop)) for hop in _hops(target)]
        for _, keys in hops:
            offers.callback(keys.close)
        offers.enter_context(_turn(target, hops[0][0], patience))
        deadline = time.monotonic() + patience
        base = sockets.reach(hops[0][0], deadline)
        opened.callback(base.close)
        step: Any = None  # a fabric.Connection, which has no types
        late = f"{clean_line(host.name)} gave no SSH session within {patience:g} s."
        with Watchdog(deadline - time.monotonic(), base.cut, late) as watchdog:
            for hop, keys in hops:
                with explained(hop.place, watchdog, base):
                    step = link(hop, keys, base, step)
                    opened.callback(step.client.close)
        return SshTransport(target.place, step.transport, patience, opened.pop_all(), partial(connect, host))


@contextmanager
def _turn(target: Destination, first: Destination, patience: float) -> Iterator[None]:
    """Waits while many are on their way through the same host; not for ever, as they may hang."""
    crowd = None if target.place.direct else _crowd("" if first.proxy_command else str(first.place))
    ours = crowd is not None and crowd.acquire(timeout=patience)
    try:
        yield
    finally:
        if crowd is not None and ours:
            crowd.release()


@cache
def _crowd(_through: str) -> threading.Semaphore:
    return threading.Semaphore(_AT_ONCE)


class SshTransport:
    """A connection to one host. Several threads may execute and dial on it at the same time.

    An sshd may allow a connection few sessions, or one (MaxSessions): what finds no room goes over a second connection,
    so that a lease is renewed while a restart runs. again: makes it.
    """

    def __init__(
        self,
        place: Place,
        transport: paramiko.Transport,
        patience: float,
        opened: ExitStack,
        again: Callable[[], SshTransport],
    ) -> None:
        self._place, self._transport, self._patience = place, transport, patience
        self._opened, self._again = opened, again
        self._second: SshTransport | None = None
        self._served = self._closed = False
        self._closing = threading.Lock()
        self._doubling = threading.Lock()
        self._opening = threading.Lock()  # paramiko keeps one refusal a connection: two at once would lose one
        self._thread = threading.local()

    @property
    def last_words(self) -> str:
        """What this thread's last `exec` wrote on stderr: the last 4 KiB, cleaned."""
        return getattr(self._thread, "last_words", "")

    def exec(
        self, command: str, stdin: Iterable[bytes], deadline: float, cap: int, sink: IO[bytes] | None = None
    ) -> tuple[int | None, bytes]:
        """Run `command`, feed it `stdin`, return its exit status (None: none came) and its stdout.

        deadline: seconds for all of it. cap: bytes of stdout; more raises OutsideProtocol and ends the command.
        sink: a file that takes stdout instead.
        Raises Unreachable when the connection is lost before the command began, or when the deadline passed, which
        closes the connection: what the command did is unknown then.
        """
        self._thread.last_words = ""
        late = f"{clean_line(self._place.host)} did not finish within {deadline:g} s."
        with Watchdog(deadline, self.close, late) as watchdog:
            with explained(self._place, watchdog):
                channel = self._begin(command, deadline)
            if channel is not None:
                said = self._listen(channel, stdin, cap, sink)
                watchdog.check()
                self._thread.last_words = clean(said.stderr)
                return said.status, said.stdout
        second = self._doubled()
        answer = second.exec(command, stdin, deadline, cap, sink)
        self._thread.last_words = second.last_words
        return answer

    def dial(self, address: str, port: int) -> socket.socket:
        """A connected socket to a port the host can reach. Raises ConnectionRefusedError, Unreachable, NotAdmitted."""
        try:
            source = ("127.0.0.1", 0)
            with self._opening:
                channel = self._transport.open_channel("direct-tcpip", (address, port), source, timeout=self._patience)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._not_dialled(clean_line(f"{address} port {port}"), error) from error
        return bridge(channel)

    def close(self) -> None:
        """From any thread, any number of times; whoever waits on the connection is woken."""
        with self._closing:
            opened, self._opened, self._closed = self._opened, ExitStack(), True
        opened.close()

    def _doubled(self) -> SshTransport:
        with self._doubling:
            if self._second is None:
                if not self._served:
                    raise NotAdmitted(
                        f"{self._place} opens no session.", hint="Does its sshd_config set MaxSessions 0?"
                    )
                self._second = self._again()
                with self._closing:
                    self._opened.callback(self._second.close)
                if self._closed:
                    self.close()  # meanwhile
            return self._second

    def _begin(self, command: str, deadline: float) -> paramiko.Channel | None:
        """None when there is no room for another session."""
        try:
            with self._opening:
                channel = self._transport.open_session(timeout=deadline)
        except paramiko.ChannelException:
            return None
        self._served = True
        try:
            channel.exec_command(command)
        except paramiko.SSHException as error:
            if not self._transport.is_active():
                raise
            raise NotAdmitted(f"{self._place} refuses to run commands.") from error
        return channel

    def _listen(self, channel: paramiko.Channel, stdin: Iterable[bytes], cap: int, sink: IO[bytes] | None) -> Said:
        try:
            return converse(channel, stdin, cap, sink)
        except TooMuch:
            raise OutsideProtocol(f"{self._place} answered more than {cap} bytes.") from None
        finally:
            with suppress(OSError, EOFError):  # lost meanwhile
                channel.close()

    def _not_dialled(self, what: str, error: Exception) -> Exception:
        """OpenSSH answers every failed connection the same way, so all of them count as refused."""
        if isinstance(error, paramiko.ChannelException) and error.code == 1:
            hint = "It needs AllowTcpForwarding yes (or local) in its sshd_config."
            return NotAdmitted(f"{self._place} forbids to forward to {what}.", hint=hint)
        if isinstance(error, paramiko.ChannelException):
            return ConnectionRefusedError(f"{self._place}: nothing answers on {what}")
        return Unreachable(f"{self._place}: {what} was not reached: {clean_line(str(error))}.")


def _hops(target: Destination) -> list[Destination]:
    """The way to the target, it being the last."""
    return [*(_hops(target.jump) if target.jump else []), target]
