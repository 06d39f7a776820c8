"""Jump hosts: one connection to each, for all the hosts behind it, and through it a socket of its own for every host.

Knows nothing of what goes over those sockets, and not how a jump host is connected to: that is handed in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack

import paramiko

from rollback.errors import NotAdmitted, Unreachable
from rollback.hosts.forward import dial
from rollback.hosts.link import Watchdog
from rollback.hosts.resolve import Place
from rollback.hosts.sockets import Base

_GRACE = 1.0  # seconds after which even asking for a socket, which has its own patience, hangs


class Jump:
    """A connection to a jump host. opened: closes it."""

    def __init__(self, place: Place, transport: paramiko.Transport, base: Base, opened: ExitStack) -> None:
        self.place, self._transport, self._base = place, transport, base
        self._silent = False
        self.close = opened.close

    @property
    def lost(self) -> bool:
        return self._silent or not self._transport.is_active()

    def reach(self, place: Place, patience: float) -> Base:
        """A socket to that place: a real one, so that to cut it wakes everybody and hurts none of the others.

        patience: seconds. Raises NotAdmitted when the jump host forbids it, or Unreachable.
        """
        asked, late = time.monotonic(), f"{self.place} did not even take the question for {place}."
        try:
            with Watchdog(patience + _GRACE, self._base.cut, late) as watchdog:
                try:
                    return Base(dial(self._transport, self.place, str(place), (place.address, place.port), patience))
                finally:
                    watchdog.check()
        except NotAdmitted as error:  # the same words for every host, so that they are said once
            raise NotAdmitted(f"{self.place} forbids to go through it to this host.", hint=error.hint) from error
        except ConnectionRefusedError as error:
            raise Unreachable(
                f"{place} cannot be reached from {self.place}: nothing answers there.",
                hint=f"Is it up, and is {place.port} its SSH port?",
            ) from error
        except Unreachable:
            # A host that is away is not the jump host's silence: that would have said something, if to others.
            self._silent = self._silent or self._transport.packetizer.heard < asked
            raise


class Shared:
    """The connection to one jump host: made by whoever comes first while the others wait, and how that went counts for
    all of them; made anew by the next one once it was lost; closed by the last who leaves."""

    def __init__(self, make: Callable[[], Jump]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._latest: _Held | None = None

    @property
    def holders(self) -> int:
        """How many have the latest one, or wait for it."""
        return self._latest.users if self._latest else 0

    def hold(self, until: ExitStack) -> Jump:
        """until: leaves it again, from any thread. Raises what `make` raises."""
        with self._lock:
            first = self._latest is None or self._latest.lost
            if self._latest is None or first:
                self._latest = _Held()
            held = self._latest
            held.users += 1
        until.callback(self._leave, held)
        if first:
            held.fulfil(self._make)
        return held.jump.result()

    def _leave(self, held: _Held) -> None:
        with self._lock:
            held.users -= 1
            last = held.users == 0
            if last and self._latest is held:
                self._latest = None
        if last and held.jump.exception() is None:
            held.jump.result().close()


class _Held:
    def __init__(self) -> None:
        self.jump: Future[Jump] = Future()
        self.users = 0

    @property
    def lost(self) -> bool:
        return self.jump.done() and (self.jump.exception() is not None or self.jump.result().lost)

    def fulfil(self, make: Callable[[], Jump]) -> None:
        try:
            self.jump.set_result(make())
        except BaseException as error:  # an interruption, too: nobody may wait for ever
            self.jump.set_exception(error)
