"""What follows every fault: one `rollback -y`, and the ten invariants are read off the hosts."""

from __future__ import annotations

from tests.cli.command import Ran
from tests.faults.invariants import before, broken
from tests.faults.world import SECRET, World


def settles(world: World, broke: Ran) -> None:
    """broke: the command that met the fault."""
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
