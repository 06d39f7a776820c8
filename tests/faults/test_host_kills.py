"""Something on a host dies at each moment at which the host can stand between two states: the agent's shell, the SSH
session that it talks to, or the whole server; or the operator dies meanwhile. Then one `rollback -y` settles all.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from itertools import cycle, islice

import pytest

from tests.cli.command import Ran
from tests.faults.settle import as_said, settles
from tests.faults.trap import Trap
from tests.faults.world import NEW, World
from tests.hosts.test_agent_crash import POINTS
from tests.warm import Operator

DEPLOY = {
    "its token is burnt": "mv -f* */token.new *",
    "its lease is taken": "mv -f* */next/lease*",
    "the upload is there": "tar -xzopf *",
    "the upload is unpacked": "find */incoming/*",
    "the release gets its name": "mv -fT */incoming/* */releases/*",
    "the release is prepared": "timeout *prepared*",
    "the release is made read-only": "chmod -R a-w *",
    "the release is complete": "mv -f* */sealed *",
    "its journal is written": "mv -f* */journal.new *",
    "its intent is written": "mv -f* */intent.new *",
    "it is switched": "mv -fT */.current.new *",
    "it was switched": "sync */srv/tiny",
    "the switch is noted": "mv -f* */next/previous*",
    "it restarts": "timeout *restarted*",
    "the preflight asks": "timeout *cmp*",
    "its intent is dropped": "rm -f */intent",
    "its lease is dropped": "rm -f */lease",
}
BACK = ("its token is burnt", "its intent is written", "it is switched", "the switch is noted", "it restarts")


Kill = Callable[[Trap, Operator], None]


def _operator(trap: Trap, operator: Operator) -> None:
    operator.send(signal.SIGKILL)
    trap.let_go()


KILLS: dict[str, Kill] = {
    "session": lambda trap, _: trap.kill_session(),
    "server": lambda trap, _: trap.sshd.stop(),
    "operator": _operator,
}


def in_turn(moments: Iterable[str], first: int) -> list[tuple[str, str]]:
    """Each moment with one of those who may die: all with all took a quarter of all the tests' time."""
    return list(zip(moments, islice(cycle(KILLS), first, None), strict=False))


def killed(world: World, host: str, moment: str, kill: str, *words: str) -> Ran:
    with Trap(world.hosts[host], DEPLOY[moment]) as trap:
        operator = world.begin(*words)
        trap.wait()
        KILLS[kill](trap, operator)
        return operator.wait()


@pytest.mark.parametrize("point", [one for one in POINTS if "migrate" not in one])  # those: test_agent_crash
def test_the_agents_shell_is_killed_whenever_it_comes_to(world: World, point: str) -> None:
    """Its retries, too."""
    world.restart("web1", ROLLBACK_FAILPOINT=point)
    ran, life = world.life("deploy", NEW)
    world.restart("web1")
    as_said(world, ran, NEW)
    assert [line for line in life if line.startswith("lost")], "it never came there"
    settles(world, ran)


@pytest.mark.parametrize(("moment", "kill"), in_turn(DEPLOY, 0))
def test_a_kill_before(world: World, moment: str, kill: str) -> None:
    ran = killed(world, "web1", moment, kill, "deploy", NEW)
    as_said(world, ran, NEW)
    world.healed()
    settles(world, ran)


@pytest.mark.parametrize(("moment", "kill"), in_turn(BACK, 1))
def test_a_kill_in_a_rollback_before(world: World, moment: str, kill: str) -> None:
    ran = killed(world, "web2", moment, kill)
    as_said(world, ran, "v4")
    world.healed()
    settles(world, ran)
