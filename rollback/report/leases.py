"""Whose lease it is, in words: for a refusal, and before one is taken away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rollback.model import LeaseSeen
from rollback.report import words
from rollback.text import clean_line

Held = Sequence[tuple[str, LeaseSeen]]  # host name, its lease


def held(seen: Held) -> str:
    """One clause a holder, as in `LeaseHeld`."""
    return "; ".join(f"{words.hosts(hosts)}: held by {_whose(lease)}" for lease, hosts in _grouped(seen))


def told(seen: Held) -> Iterable[str]:
    """One line a holder."""
    for lease, hosts in _grouped(seen):
        standing = f"ends in {lease.left} s unless renewed" if lease.live else "has expired"
        yield f"  {words.hosts(hosts)}: {_whose(lease)}; {standing}"


def _whose(lease: LeaseSeen) -> str:
    holder, phase = clean_line(lease.holder, 80), clean_line(lease.phase, 20)
    since = words.seconds(lease.age)
    return f"{holder} (operation {words.start_of(lease.operation)}) for {since}, in phase {phase or 'start'}"


def _grouped(seen: Held) -> Iterable[tuple[LeaseSeen, tuple[str, ...]]]:
    """A fleet's lease is nearly always one operation's."""
    first: dict[str, LeaseSeen] = {}
    hosts: dict[str, list[str]] = {}
    for host, lease in seen:
        first.setdefault(lease.operation, lease)
        hosts.setdefault(lease.operation, []).append(host)
    return ((lease, tuple(hosts[operation])) for operation, lease in first.items())
