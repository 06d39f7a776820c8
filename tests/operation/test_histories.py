"""Whatever happens to a deploy and to the rollbacks after it, the next undisturbed rollback puts the fleet in order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.core.status import common_live
from rollback.errors import Refused
from rollback.model import Grade, Outcome
from rollback.operation.ports import Policy
from tests.operation.histories import Explored, State, World, going_back, undisturbed
from tests.operation.world import POLICY

BACK = replace(POLICY, on_inconclusive="rollback")
OFF = replace(POLICY, auto_rollback="off")
# hosts, rollbacks that are killed too, policy: states that can be left, histories tried, histories covered.
EVERY = [
    (1, 9, POLICY, (403, 37_362, 10_491_090_606)),  # with nine that are killed nothing new is left any more
    (1, 1, BACK, (107, 2_257, 44_370)),
    (1, 1, OFF, (97, 1_399, 4_908)),
    (2, 1, POLICY, (1_084, 133_251, 10_738_091)),
]


@pytest.mark.parametrize(("hosts", "killed_again", "policy", "counts"), EVERY)
def test_after_every_history_a_rollback_ends_on_one_known_good_release(
    hosts: int, killed_again: int, policy: Policy, counts: tuple[int, int, int]
) -> None:
    explored = Explored(policy).deploys(hosts, killed_again)
    for state in explored.states.values():
        in_order(state, policy)
    assert (len(explored.states), explored.tried, explored.covered) == counts


def in_order(state: State, policy: Policy) -> None:
    try:
        after, ending = undisturbed(going_back, state, policy)
    except Refused:
        after = state  # there is no other known-good release: fine where all is well
    else:
        assert ending.outcome is Outcome.DONE, state
    live = common_live(World(after, lambda _: 0, lambda _: None).acquire())
    assert live is not None, state
    assert state.past.known.standings[live.commit].grade is Grade.GOOD, state
    assert after.past.known.left == (), state
