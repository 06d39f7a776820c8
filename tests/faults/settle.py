"""What follows every fault: one `rollback -y`, and the ten invariants are read off the hosts."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path

from tests.cli.command import Ran
from tests.faults.invariants import before, broken
from tests.faults.world import SECRET, World


def settles(world: World, broke: Ran) -> None:
    """broke: the command that met the fault."""
    orphaned(world)
    hosts = {name: world.root(name) for name in world.hosts}
    since = before(hosts)
    done = world.operate()
    assert done.code == 0, f"{done.out}{done.err}"
    assert broken(hosts, world.folder / "home", since, SECRET) == []
    assert [clean(ran) for ran in (broke, done)] == [True, True]


def clean(ran: Ran) -> bool:
    """No traceback, no secret, no control byte."""
    said = ran.out + ran.err
    plain = all(one.isprintable() or one == "\n" for one in said)
    return plain and "Traceback" not in said and SECRET not in said


def orphaned(world: World) -> None:
    """Instead of a minute's wait: the leases of an operator that was killed run out."""
    for host in world.hosts:
        state = world.state(host)
        until = time.monotonic() + 30
        while busy(state) and time.monotonic() < until:
            time.sleep(0.01)
        lease = state / "lease"
        if lease.exists():
            words = lease.read_text().split()
            lease.write_text(" ".join([*words[:3], "1", *words[4:]]) + "\n")


def busy(state: Path) -> bool:
    """A command still runs there."""
    with (state / "busy").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
