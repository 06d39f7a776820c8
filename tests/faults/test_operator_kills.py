"""kill -9 of the operator before and after everything that leaves its process; then one `rollback -y` settles all.

An operation's life is written down here moment by moment, and a test holds the lists complete: a request or a record
that is added later can't go without its kill.
"""

from __future__ import annotations

import signal

import pytest

from tests.faults.settle import settles
from tests.faults.world import World

_TAKEN = ("acquire web1", "acquire web2", "record started")
_BROUGHT = (
    *("record observed", "record intended upload web1+web2", "stage web1", "stage web2"),
    *("record observed upload web1+web2", "record intended prepare web1+web2", "prepare web1", "prepare web2"),
    "record observed prepare web1+web2",
)
_CLOSED = ("record ended", "finish web1", "finish web2")


def _switched(host: str, again: str = "") -> tuple[str, ...]:
    records = (
        f"record {fact} {phase} {host}{again}" for phase in ("activate", "verify") for fact in ("intended", "observed")
    )
    intended, *rest = records
    return intended, f"activate {host}{again}", *rest


LIVES = {
    "deploy v6": (
        *_TAKEN,
        *_BROUGHT,
        *_switched("web1"),
        *_switched("web2"),
        "record judged",
        "record ended",
        "prune web1",
        "prune web2",
        "record pruned",
        "finish web1",
        "finish web2",
    ),
    "deploy v3": (
        *(*_TAKEN, *_BROUGHT, *_switched("web1"), "record judged"),
        *(*_switched("web1", " again"), "record judged again", *_CLOSED),
    ),
    "rollback": (  # what is left is withdrawn in one record with the first intent
        *(*_TAKEN, "record withdrawn", *_switched("web1")[1:]),
        *(*_switched("web2"), "record judged", *_CLOSED),
    ),
}


def words(operation: str) -> list[str]:
    return operation.split()[operation == "rollback" :]


_TOGETHER = ("acquire web2", "stage web2", "prepare web2", "prune web2", "finish web2")  # asked while web1 is


def moments(operation: str) -> list[str]:
    """After a record, or a request that switches nothing, comes what is before the next. A bad deploy begins like a
    good one: only its way back is new."""
    life = LIVES[operation]
    new = life[life.index("record judged") :] if operation == "deploy v3" else life
    befores = [f"before {one}" for one in new if one not in _TOGETHER]
    return befores + [f"after {one}" for one in new if one.startswith("activate")]


@pytest.mark.parametrize("operation", LIVES)
def test_these_are_all_the_moments_of_its_life(world: World, operation: str) -> None:
    _, life = world.life(*words(operation))
    begun = [line.removeprefix("before ") for line in life if line.startswith("before")]
    assert sorted(begun) == sorted(LIVES[operation])


@pytest.mark.parametrize(("operation", "moment"), [(one, moment) for one in LIVES for moment in moments(one)])
def test_an_operator_that_is_killed(world: World, operation: str, moment: str) -> None:
    killed = world.operate(*words(operation), KILLED_AT=moment)
    assert killed.code == -signal.SIGKILL, killed.err
    settles(world, killed)
