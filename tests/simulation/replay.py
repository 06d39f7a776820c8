"""Runs seeds. One that fails says what broke, what happened last, and the command that replays it."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.host import SimHost
from tests.simulation.world import World

_TAIL = 40  # lines


class Broken(AssertionError):
    """Something happened that must not."""


def run(seed: int, count: int = 0, host: type[SimHost] = SimHost) -> World:
    """Raises Broken."""
    world = World(seed, count, host)
    try:
        world.run()
    except Exception as error:
        raise Broken(_told(seed, count, host, error)) from error
    return world


def traced(seed: int, count: int = 0, host: type[SimHost] = SimHost) -> tuple[tuple[str, ...], Exception | None]:
    """All that happens, line by line, and what broke."""
    world, broke = World(seed, count, host, tracing=True), None
    try:
        world.run()
    except Exception as error:
        broke = error
    return tuple(world.trace or ()), broke


def broken(seeds: Iterable[int], host: type[SimHost] = SimHost) -> int | None:
    """The first seed that breaks something."""
    for seed in seeds:
        try:
            run(seed, host=host)
        except Broken:
            return seed
    return None


def _told(seed: int, count: int, host: type[SimHost], error: Exception) -> str:
    tail = "\n".join(line[:300] for line in traced(seed, count, host)[0][-_TAIL:])
    hosts = f" --hosts {count}" if count else ""
    again = f"replay it: python -m tests.simulation --seed {seed}{hosts}"
    return f"seed {seed}: {type(error).__name__}: {error}\n{tail}\n{again}"
