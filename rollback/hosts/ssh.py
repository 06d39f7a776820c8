"""Connections to hosts over SSH: `connect`, then `exec` and `dial` on raw channels, each with its own deadline.

The way through: resolve (what ssh_config says) -> sockets (a socket to the host), or jump (one through the connection
to its jump host) -> link (Fabric and paramiko: host keys, identities) -> channel (one command), forward (one socket).
What is said on a connection is none of this room's business, and it never retries.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache, partial
from typing import IO

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST

from rollback.errors import NotAdmitted, OutsideProtocol
from rollback.hosts import sockets
from rollback.hosts.channel import Said, TooMuch, converse
from rollback.hosts.forward import dial
from rollback.hosts.identities import offer
from rollback.hosts.jump import Jump, Shared
from rollback.hosts.link import Watchdog, explained, link
from rollback.hosts.resolve import Destination, Place, destination
from rollback.model import Host
from rollback.text import clean, clean_line

_AT_ONCE = 8  # connections made through the same host at once: of ten or more its sshd drops some (MaxStartups)


def connect(host: Host) -> SshTransport:
    """Connect to `host` and authenticate within `host.ssh.connect_timeout` seconds; as long for each of its jump hosts,
    if nobody stands there yet.

    Raises NotAdmitted (host key, authentication, configuration: trying again is no use) or Unreachable.
    """
    target, patience = destination(host), host.ssh.connect_timeout
    transport, _, opened = _linked(target, patience)
    return SshTransport(target.place, transport, patience, opened, partial(connect, host))


def _linked(target: Destination, patience: float) -> tuple[paramiko.Transport, sockets.Base, ExitStack]:
    """Its session, the socket under it, and what closes both."""
    with ExitStack() as opened:
        jump = _shared(target.jump, patience).hold(opened) if target.jump else None
        # Before the clock starts: a person may have to type a passphrase, and others may be on the same way.
        with closing(offer(target)) as keys, _turn(target, patience):
            deadline = time.monotonic() + patience
            base = jump.reach(target.place, patience) if jump else sockets.reach(target, deadline)
            opened.callback(base.close)
            late = f"{clean_line(target.place.host)} gave no SSH session within {patience:g} s."
            watchdog = Watchdog(deadline - time.monotonic(), base.cut, late)
            with watchdog, explained(target.place, watchdog, base):
                session = link(target, keys, base)
            opened.callback(session.client.close)
        return session.transport, base, opened.pop_all()


@cache
def _shared(jump: Destination, patience: float) -> Shared:
    """One for all the hosts that go through it and have the same patience."""
    return Shared(lambda: Jump(jump.place, *_linked(jump, patience)))


def _execution(channel: paramiko.Channel, command: str) -> paramiko.Message:
    """The request to execute it (RFC 4254, 6.5). What `exec_command` sends, which then waits for the yes, while all
    that comes next could be on its way: a round trip for each command."""
    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string("exec")
    message.add_boolean(True)
    message.add_string(command)
    return message


@contextmanager
def _turn(target: Destination, patience: float) -> Iterator[None]:
    """Waits while many are on their way through the same host; not for ever, as they may hang."""
    crowd = None if target.place.direct else _crowd(str(target.jump.place) if target.jump else "")
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
        self._opening = threading.Lock()  # one at a time, as who is refused must know whether another was served
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
        what = clean_line(f"{address} port {port}")
        return dial(self._transport, self._place, what, (address, port), self._patience)

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
                self._served = True
        except paramiko.ChannelException:
            return None
        self._transport._send_user_message(_execution(channel, command))
        return channel

    def _listen(self, channel: paramiko.Channel, stdin: Iterable[bytes], cap: int, sink: IO[bytes] | None) -> Said:
        try:
            said = converse(channel, stdin, cap, sink)
            if said.status is None and not channel.event_ready and self._transport.is_active():
                raise NotAdmitted(f"{self._place} refuses to run commands.")
            return said
        except TooMuch:
            raise OutsideProtocol(f"{self._place} answered more than {cap} bytes.") from None
        finally:
            with suppress(OSError, EOFError):  # lost meanwhile
                channel.close()
