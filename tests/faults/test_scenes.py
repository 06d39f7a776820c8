"""Scenes from life: a CI job that is cut off, a laptop that slept, a host that rebooted."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.namespaces import as_root, rebooted
from tests.faults.settle import as_said, settles
from tests.faults.trap import Trap
from tests.faults.world import NEW, World

RESTARTING = "timeout *restarted*"


def test_ci_sends_sigterm_and_soon_sigkill(world: World) -> None:
    """It goes back when it is told to end, and is killed in the middle of that."""
    with Trap(world.hosts["web1"], RESTARTING) as forward:
        operator = world.begin("deploy", NEW)
        forward.wait()
        operator.send(signal.SIGTERM)
        forward.let_go()
    with Trap(world.hosts["web1"], RESTARTING) as back:
        back.wait()
        operator.send(signal.SIGKILL)
        back.let_go()
        killed = operator.wait()
    assert killed.code == -signal.SIGKILL
    assert "going back to v5" in killed.err
    settles(world, killed)


def test_an_operator_that_slept_past_its_lease_finds_itself_fenced_and_changes_nothing(world: World) -> None:
    with Trap(world.hosts["web1"], RESTARTING) as trap:
        asleep = world.begin("deploy", NEW)
        trap.wait()
        asleep.send(signal.SIGSTOP)
        trap.let_go()
        world.wait_for_agents()
    refused = world.operate()
    assert (refused.code, world.lives()) == (4, [NEW, "v5"])
    expired(world)
    other = world.operate()
    assert (other.code, world.lives()) == (0, ["v5", "v5"]), other.err
    assert "took over the expired lease" in other.err
    asleep.send(signal.SIGCONT)
    fenced = asleep.wait()
    assert (fenced.code, world.lives()) == (4, ["v5", "v5"]), fenced.out + fenced.err
    settles(world, refused, other, fenced)


def expired(world: World) -> None:
    """Instead of a minute's wait."""
    for host in world.hosts:
        lease = world.state(host) / "lease"
        words = lease.read_text().split()
        lease.write_text(" ".join([*words[:3], "1", *words[4:]]) + "\n")


@pytest.fixture
def boot(world: World, tmp_path: Path) -> Iterator[Path]:
    """What web1's agent takes for its boot id."""
    path = tmp_path / "boot_id"
    path.write_text("11111111-aaaa-4aaa-8aaa-111111111111\n")
    yield path
    world.hosts["web1"].stop()
    world.healed()


def boots(world: World, boot: Path) -> None:
    world.hosts["web1"].stop()
    world.hosts["web1"] = rebooted(boot, lambda: world.started_host("web1"))


@as_root
def test_a_host_that_reboots_in_the_middle_of_a_deploy(world: World, boot: Path) -> None:
    """Its lease was of the boot before; the operator, who is still there, takes it up again and goes on."""
    boots(world, boot)
    with Trap(world.hosts["web1"], RESTARTING) as trap:
        operator = world.begin("deploy", NEW)
        trap.wait()
        assert boot.read_text().strip() in (world.state("web1") / "lease").read_text()
        boot.write_text("22222222-bbbb-4bbb-8bbb-222222222222\n")
        boots(world, boot)
        ran = operator.wait()
    as_said(world, ran, NEW)
    assert ran.code == 0, ran.err
    settles(world, ran)


@as_root
def test_a_host_that_rebooted_after_its_operator_died(world: World, boot: Path) -> None:
    boots(world, boot)
    with Trap(world.hosts["web1"], RESTARTING) as trap:
        operator = world.begin("deploy", NEW)
        trap.wait()
        operator.send(signal.SIGKILL)
        killed = operator.wait()
        boot.write_text("22222222-bbbb-4bbb-8bbb-222222222222\n")
        boots(world, boot)
    settles(world, killed)
