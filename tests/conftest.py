"""What every room's tests may ask for: real SSH servers, one set per xdist worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from rollback.demo.sshd import Sshd, start

# A machine that stalls says nothing about the code: no example is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """The host `web1`. Its world's ssh_config and known_hosts name it; tests must not change either."""
    with start(tmp_path_factory.mktemp("ssh"), "web1", "127.0.0.2") as server:
        yield server


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own keys take part in a test, nor the CI job that it runs in."""
    for name in ("SSH_AUTH_SOCK", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
