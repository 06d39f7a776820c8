"""One world a test process, put back before every case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.faults.settle")

from tests.faults.world import World  # noqa: E402


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("faults")) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.put_back("ready")
    return shared_world
