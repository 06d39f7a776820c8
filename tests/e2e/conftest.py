from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.small import Small


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """Two hosts, an app with v1 and v2 (good) and v3 (500 at /login), and its playbook."""
    with Small(tmp_path) as world:
        yield world
