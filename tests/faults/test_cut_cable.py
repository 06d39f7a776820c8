"""A host whose cable is cut in the middle of a deploy: nothing answers, and nothing says that it does not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.faults.namespaces import Cable, as_root, cable
from tests.faults.settle import as_said, settles
from tests.faults.trap import Trap
from tests.faults.world import NEW, World

pytestmark = as_root
MOMENTS = {"the upload": "tar -xzopf *", "the switch": "sync */srv/tiny"}
moments = pytest.mark.parametrize("moment", MOMENTS)


@pytest.fixture
def link(world: World) -> Iterator[Cable]:
    """web1 is at the other end of it."""
    sshd = world.hosts["web1"]
    with cable(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])) as link:
        sshd.stop()
        world.hosts["web1"] = link.there(lambda: world.started_host("web1", link.address))
        yield link
        world.hosts["web1"].stop()
        world.hosts["web1"] = sshd
    world.healed()


@moments
def test_the_cable_is_cut_and_stays_so(world: World, link: Cable, moment: str) -> None:
    """Its part of the deploy is undone without it; once it is back, so is everything."""
    with Trap(world.hosts["web1"], MOMENTS[moment]) as trap:
        operator = world.begin("deploy", NEW)
        trap.wait()
        link.cut()
        trap.let_go()
        ran = operator.wait()
    as_said(world, ran, NEW)
    assert (ran.code, "web1" in ran.out) == ({"the upload": 5, "the switch": 14}[moment], True), ran.out
    link.mend()
    settles(world, ran)


@moments
def test_the_cable_is_mended_before_anybody_gave_up(world: World, link: Cable, moment: str) -> None:
    with Trap(world.hosts["web1"], MOMENTS[moment]) as trap:
        operator = world.begin("deploy", NEW)
        trap.wait()
        link.cut()
        trap.let_go()
        time.sleep(1)
        link.mend()
        done = operator.wait()
    assert (done.code, world.lives()) == (0, [NEW, NEW]), done.err
    settles(world, done)
