"""Joins two networks by a pair of TUN devices and holds every packet back, so that a TCP handshake is late, too.

A process of its own, `python delay.py CLIENT SERVER SECONDS DEVICE`: CLIENT and SERVER are the networks' files, SECONDS
one way. Not `tc netem`: many kernels come without it. (TUNSETIFF: Linux, Documentation/networking/tuntap.rst.)
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_TUNSETIFF, _TUN_WITHOUT_HEADER = 0x400454CA, 0x0001 | 0x1000
_LARGEST = 65536  # bytes of a packet
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Lane:
    """One way. waiting: packets with the moment each is due; the delay is constant, so they stay in order."""

    source: int
    sink: int
    delay: float
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)

    def take(self) -> None:
        with suppress(BlockingIOError):
            while True:
                packet = os.read(self.source, _LARGEST)
                self.waiting.append((time.monotonic() + self.delay, packet))

    def give(self) -> None:
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            with suppress(OSError):  # as on a cable, what does not fit is lost
                os.write(self.sink, self.waiting.popleft()[1])

    def patience(self, now: float) -> float:
        return max(0.0, self.waiting[0][0] - now) if self.waiting else 1.0


def _tun(network: Path, device: str) -> int:
    with network.open() as handle:
        if _libc.setns(handle.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), str(network))
    opened = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(opened, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _TUN_WITHOUT_HEADER))
    return opened


def main(client: str, server: str, delay: str, device: str) -> None:
    here, there = _tun(Path(client), device), _tun(Path(server), device)
    lanes = (Lane(here, there, float(delay)), Lane(there, here, float(delay)))
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        select.select([here, there], [], [], min(lane.patience(now) for lane in lanes))
        for lane in lanes:
            lane.take()
            lane.give()


if __name__ == "__main__":
    main(*sys.argv[1:])
