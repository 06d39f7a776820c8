"""Simulated fleets under every trouble there is. `make simulate SEEDS=0..200000` runs more of the same."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.careless import CARELESS
from tests.simulation.host import SimHost
from tests.simulation.replay import Broken, broken, run, traced

BLOCKS, BLOCK = 15, 40
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_whatever_happens_one_rollback_puts_the_fleet_in_order(block: int) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        run(seed)


@pytest.mark.parametrize("seed", [22_080, 43_535, 45_809, 105_541, 123_450, 127_621])
def test_what_was_once_judged_wrongly(seed: int) -> None:
    """A late request took its operation's lease once more: after others, and on the empty machine that came instead.
    An upload that came after the host had forgotten its turn left what was complete as it was. A bad release that
    nobody could ask was accepted. A deploy was killed when all was done, and there was nothing to go back to."""
    run(seed)


@pytest.mark.parametrize("seed", [1])
def test_a_thousand_hosts_are_put_in_order_too(seed: int) -> None:
    assert len(run(seed, 1000).hosts) == 1000


@pytest.mark.parametrize("host", CARELESS)
def test_a_planted_mistake_is_found(host: type[SimHost]) -> None:
    assert broken(range(500), host) is not None


def test_a_seed_that_breaks_something_says_what_and_how_to_see_it_again() -> None:
    seed = broken(range(500), CARELESS[0])
    assert seed is not None
    with pytest.raises(Broken, match=rf"(?s)seed {seed}: .*web.*replay it: python -m tests.simulation --seed {seed}"):
        run(seed, host=CARELESS[0])


@pytest.mark.parametrize("seed", [3, 7])
def test_a_seed_is_the_same_every_time_also_in_another_process(seed: int) -> None:
    assert digest(seed) == digest(seed) == elsewhere(seed)


def digest(seed: int) -> str:
    return hashlib.sha256("\n".join(traced(seed)[0]).encode()).hexdigest()


def elsewhere(seed: int) -> str:
    """Where sets of words have another order."""
    program = f"from tests.simulation.test_simulation import digest; print(digest({seed}))"
    environment = {**os.environ, "PYTHONHASHSEED": "11"}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()
