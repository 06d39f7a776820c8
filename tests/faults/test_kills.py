from __future__ import annotations
import pytest
from tests.faults.world import World
from tests.faults.settle import settles
import time


@pytest.mark.parametrize("words", [("deploy", "v5"), ("deploy", "v3"), ()])
def test_trace(world: World, words) -> None:
    life = world.folder / "life"
    life.unlink(missing_ok=True)
    done = world.operate(*words, LIFE=str(life))
    for l in life.read_text().splitlines():
        if l.startswith("before"):
            print('    "%s",' % l[7:])
    settles(world, done)
    assert 0
