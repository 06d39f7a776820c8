from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.kept import Kept


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with Kept(tmp_path_factory.mktemp("small")) as world:
        yield world


@pytest.fixture
def small(kept: Kept) -> Kept:
    """Two hosts, an app with v1 and v2 (good) and v3 (500 at /login), and its playbook."""
    kept.put_back()
    return kept
