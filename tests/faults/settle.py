"""What follows every fault: one `rollback -y`, and the ten invariants are read off the hosts."""

from __future__ import annotations

from tests.cli.command import Ran
from tests.faults.invariants import before, broken
from tests.faults.world import GOOD, SECRET, World


def settles(world: World, *broke: Ran) -> None:
    """broke: the commands that met the fault."""
    hosts = {name: world.root(name) for name in world.hosts}
    since = before(hosts)
    done = world.operate()
    assert done.code == 0, f"{done.out}{done.err}"
    assert broken(hosts, world.folder / "home", since, SECRET) == []
    assert [ran for ran in (*broke, done) if not clean(ran)] == []


def as_said(world: World, ran: Ran, wanted: str) -> None:
    """What its exit code says is live is what is live. It was GOOD[-1] before."""
    live = {0: wanted, 3: GOOD[-1], 5: GOOD[-1], 10: GOOD[-1]}.get(ran.code)
    assert ran.code in {0, 3, 5, 10, 12, 14, -9}, ran.err
    assert live is None or world.lives() == [live] * len(world.hosts), f"{ran.out}{ran.err}"


def clean(ran: Ran) -> bool:
    """No traceback, no secret, no control byte."""
    said = ran.out + ran.err
    plain = all(one.isprintable() or one == "\n" for one in said)
    return plain and "Traceback" not in said and SECRET not in said
