"""Hosts that are machines of their own to the kernel: another network behind a cable that can be cut, another boot.

Linux, and root: nobody else may.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

as_root = pytest.mark.skipif(os.getuid() != 0, reason="mounts and namespaces need root, which CI is")
_NEW_MOUNTS, _ANY = 0x00020000, 0
_libc = ctypes.CDLL(None, use_errno=True)
T = TypeVar("T")


@dataclass(frozen=True)
class Cable:
    """One end is here, the other is the host's. address: the host's."""

    name: str
    address: str

    def cut(self) -> None:
        _run("ip", "link", "set", self.name, "down")

    def mend(self) -> None:
        _run("ip", "link", "set", self.name, "up")

    def there(self, do: Callable[[], T]) -> T:
        """What is started meanwhile lives in the host's network."""
        return in_a_thread(lambda: _entered(Path("/run/netns", self.name), do))


@contextmanager
def cable(number: int) -> Iterator[Cable]:
    """A new network of its own; number: below 64, one for each test process."""
    name, here, there = f"rb{os.getpid()}", f"10.213.{number}.1", f"10.213.{number}.2"
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "addr", "add", f"{here}/30", "dev", name)
        _run("ip", "link", "set", name, "up")
        for words in (
            ("addr", "add", f"{there}/30", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            _run("ip", "-n", name, *words)
        yield Cable(name, there)
    finally:
        _run("ip", "netns", "delete", name)


def rebooted(boot: Path, do: Callable[[], T]) -> T:
    """What is started meanwhile reads its boot id from this file."""

    def mounted() -> T:
        own_mounts()
        _run("mount", "--bind", str(boot), "/proc/sys/kernel/random/boot_id")
        return do()

    return in_a_thread(mounted)


def own_mounts() -> None:
    """What this thread mounts from now on, it and what it starts see alone."""
    _checked(_libc.unshare(_NEW_MOUNTS))
    _run("mount", "--make-rprivate", "/")


def enter(namespace: Path) -> None:
    """This thread and what it starts live in that network from now on."""
    with namespace.open() as handle:
        _checked(_libc.setns(handle.fileno(), _ANY))


def _entered(namespace: Path, do: Callable[[], T]) -> T:
    enter(namespace)
    return do()


def in_a_thread(do: Callable[[], T]) -> T:
    """A namespace is a thread's own, and this one ends with its thread."""
    done: list[T] = []
    thread = threading.Thread(target=lambda: done.append(do()))
    thread.start()
    thread.join()
    return done[0]


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "namespace")


def _run(*words: str) -> None:
    subprocess.run(words, check=True)
