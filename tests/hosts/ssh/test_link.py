"""Links to many hosts are made at the same moment, by threads that must not stand in each other's way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import fabric
import pytest

from rollback.hosts.link import nothing_configured


@pytest.fixture(autouse=True)
def _hurried_threads() -> Iterator[None]:
    """They take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_connections_that_are_made_at_once_have_each_its_own_configuration() -> None:
    """Fabric writes into it while it makes a connection, and whoever reads it meanwhile finds it empty."""

    def made(number: int) -> fabric.Connection:
        return fabric.Connection(f"web{number}", "ada", 22, nothing_configured(), forward_agent=False)

    with ThreadPoolExecutor(8) as threads:
        assert {one.gateway for one in threads.map(made, range(300))} == {None}
