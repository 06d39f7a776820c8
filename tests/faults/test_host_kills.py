"""Something on a host dies at each moment at which the host can stand between two states: the agent's shell, the SSH
session that it talks to, or the whole server; or the operator dies meanwhile. Then one `rollback -y` settles all.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.cli.command import Ran
from tests.faults.settle import settles
from tests.faults.trap import Trap
from tests.faults.world import Operator, World
from tests.hosts.test_agent_crash import POINTS

DEPLOY = {
    "its token is burnt": "mv -f */token.new *",
    "its lease is taken": "mv -f */lease.new *",
    "the upload is there": "tar -xzopf *",
    "the upload is unpacked": "find */incoming/*",
    "the release gets its name": "mv -fT */incoming/* */releases/*",
    "the release is prepared": "timeout *prepared*",
    "the release is made read-only": "chmod -R a-w *",
    "the release is complete": "mv -f */sealed *",
    "its journal is written": "mv -f */journal.new *",
    "its intent is written": "mv -f */intent.new *",
    "it is switched": "mv -fT */.current.new *",
    "it was switched": "sync */srv/tiny",
    "the switch is noted": "mv -f */previous.new *",
    "it restarts": "timeout *restarted*",
    "it is checked": "timeout *cmp*",
    "its intent is dropped": "rm -f */intent",
    "its lease is dropped": "rm -f */lease",
}
BACK = (
    "its token is burnt",
    "its intent is written",
    "it is switched",
    "the switch is noted",
    "it restarts",
    "its lease is dropped",
)


def session(world: World, trap: Trap, operator: Operator) -> None:
    trap.kill_session()


def server(world: World, trap: Trap, operator: Operator) -> None:
    world.hosts[trap.sshd.name].stop()


def the_operator(world: World, trap: Trap, operator: Operator) -> None:
    operator.send(signal.SIGKILL)
    trap.let_go()


Kill = Callable[[World, Trap, Operator], None]
kills = pytest.mark.parametrize("kill", [session, server, the_operator], ids=lambda kill: kill.__name__)


def killed(world: World, host: str, moment: str, kill: Kill, *words: str) -> Ran:
    with Trap(world.hosts[host], DEPLOY[moment]) as trap:
        operator = world.begin(*words)
        trap.wait()
        kill(world, trap, operator)
        ran = operator.wait()
    return ran


@pytest.mark.parametrize("point", POINTS)
def test_the_agents_shell_is_killed_whenever_it_comes_to(world: World, point: str) -> None:
    """Its retries, too."""
    world.restart("web1", ROLLBACK_FAILPOINT=point)
    ran = world.operate("deploy", "v5")
    world.restart("web1")
    print(ran.code, ran.out, ran.err)
    assert "the connection to web1 was lost before it answered" in ran.out + ran.err
    settles(world, ran)


@kills
@pytest.mark.parametrize("moment", DEPLOY)
def test_a_kill_before(world: World, moment: str, kill: Kill) -> None:
    ran = killed(world, "web1", moment, kill, "deploy", "v5")
    print(ran.code, ran.out, ran.err)
    world.healed()
    settles(world, ran)


@kills
@pytest.mark.parametrize("moment", BACK)
def test_a_kill_in_a_rollback_before(world: World, moment: str, kill: Kill) -> None:
    ran = killed(world, "web2", moment, kill)
    print(ran.code, ran.out, ran.err)
    world.healed()
    settles(world, ran)
