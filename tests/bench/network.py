"""A network for the operator and one for the hosts, on this machine and apart from its own, as far apart as is asked.

Linux and root. Hosts have addresses of 10.99.0.0/16, all on the loopback of their network.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.namespaces import enter

_CLIENT, _HOSTS, _FAR_END, _DEVICE = "10.98.0.1", "10.99.0.0/16", "10.98.0.2", "bench0"


@dataclass(frozen=True)
class Network:
    """The files of the two networks; one and the same when nothing lies between them."""

    operator: Path
    hosts: Path

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and all that it starts, is where the operator is."""
        home = Path(f"/proc/self/fd/{os.open('/proc/self/ns/net', os.O_RDONLY | os.O_CLOEXEC)}")
        enter(self.operator)
        try:
            yield
        finally:
            enter(home)
            os.close(int(home.name))


@contextmanager
def network(rtt: int) -> Iterator[Network]:
    """rtt: ms that a packet and its answer need beyond what they need anyhow."""
    with ExitStack() as stack:
        hosts = stack.enter_context(_namespace("hosts"))
        _run("ip", "-n", hosts.name, "route", "add", "local", _HOSTS, "dev", "lo")
        if rtt == 0:
            yield Network(hosts, hosts)
            return
        operator = stack.enter_context(_namespace("operator"))
        stack.enter_context(_delayed(operator, hosts, rtt / 2000))
        yield Network(operator, hosts)


@contextmanager
def _namespace(what: str) -> Iterator[Path]:
    name = f"bench-{what}-{os.getpid()}"
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "-n", name, "link", "set", "lo", "up")
        yield Path("/run/netns", name)
    finally:
        _run("ip", "netns", "delete", name)


@contextmanager
def _delayed(operator: Path, hosts: Path, one_way: float) -> Iterator[None]:
    """one_way: s."""
    script = Path(__file__).with_name("delay.py")
    command = [sys.executable, "-S", str(script), str(operator), str(hosts), str(one_way), _DEVICE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise OSError("no TUN device can be made here, which the delay needs: --rtt 0 does without")
            for where, address in ((operator, _CLIENT), (hosts, _FAR_END)):
                _run("ip", "-n", where.name, "addr", "add", f"{address}/32", "dev", _DEVICE)
                up = ("set", _DEVICE, "mtu", "1500", "txqueuelen", "50000", "up")
                _run("ip", "-n", where.name, "link", *up)
            _run("ip", "-n", operator.name, "route", "add", _HOSTS, "dev", _DEVICE, "src", _CLIENT)
            _run("ip", "-n", hosts.name, "route", "add", f"{_CLIENT}/32", "dev", _DEVICE)
            yield
        finally:
            process.kill()


def _run(*words: str) -> None:
    subprocess.run(words, check=True)
