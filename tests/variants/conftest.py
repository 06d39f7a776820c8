"""One shop for all variants that a worker runs: making it costs more than any of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rollback.demo import world
from tests.variants.shop import GOOD, Shop


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("variants") / "world"
    folder.mkdir()
    try:
        made = Shop(world.build(folder, 3))
        made.tag_all()
        made.book("plain")
        first = made.run("deploy", GOOD, "-y", "-p", "plain")
        assert first.code == 0, first.err
        yield made
    finally:
        world.clear(folder)


@pytest.fixture
def shop(open_shop: Shop) -> Iterator[Shop]:
    """At rest: v1.1.0 is live and good everywhere, also after a test that left it otherwise."""
    yield open_shop
    open_shop.at_rest()
