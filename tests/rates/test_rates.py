"""Decisions over many simulated deploys. Every bound follows from what was planted, not from what was measured."""

from __future__ import annotations

import pytest

from rollback.model import Outcome
from tests.rates.app import Fault, Trouble
from tests.rates.deploy import deploy
from tests.rates.kinds import KINDS
from tests.rates.table import lines, measured, wilson

DEPLOYS, SEED = 12 * len(KINDS), 1
# Three test users drawn by chance, and nothing else that could notice.
USERS = """
app: shop
root: /srv/shop
environments:
  production:
    hosts: [web1, web2, web3]
    verify: {gate: {min_healthy_time: 0s}}
checks:
  - name: login
    for_each: {user: [%s]}
    http: {path: "/login/{{user}}", port: 8000}
    expect: {status: 200}
"""


def test_of_each_kind_none_is_decided_wrongly() -> None:
    """What is planted is beyond chance: a ratio's noise is twenty times below its limit, a fault's share above it; a
    flaky check fails three times in a row once in 8,000. What can't be measured may be held, and nothing else."""
    rows = measured(DEPLOYS, SEED)
    assert [(row.kind.name, row.count, row.wrong) for row in rows] == [(kind.name, 12, 0) for kind in KINDS]
    for row in rows:
        assert row.decided.keys() <= row.kind.right | {Outcome.HELD}, row
        assert row.right >= 10, row


@pytest.mark.parametrize("users", [1, 3, 5])
def test_a_failure_of_70_percent_of_users_is_missed_as_often_as_no_test_user_is_among_them(users: int) -> None:
    """0.3^k: 30 %, 2.7 %, 0.24 %."""
    text = USERS % ", ".join("abcde"[:users])
    missed = [deploy(f"{users}:{n}", Fault(users=0.7), Trouble(), text).outcome is Outcome.DONE for n in range(150)]
    low, high = wilson(sum(missed), len(missed))
    assert low <= 0.3**users <= high


def test_a_seed_is_decided_the_same_way_every_time() -> None:
    assert list(lines(measured(16, 7))) == list(lines(measured(16, 7)))


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"), [(0, 100, 0.0, 0.037), (10, 100, 0.0552, 0.1744), (50, 100, 0.4038, 0.5962)]
)
def test_the_interval_is_wilsons(hits: int, count: int, low: float, high: float) -> None:
    """The values of Brown, Cai, DasGupta, Statistical Science 16 (2001), by hand."""
    assert wilson(hits, count) == pytest.approx((low, high), abs=1e-3)
