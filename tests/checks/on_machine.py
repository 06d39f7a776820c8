"""A host that is this machine: a root with a release that is live, and checks' commands run by the real agent there."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from rollback.errors import OutsideProtocol
from rollback.hosts import requests
from rollback.hosts.reading import Ran as Told
from rollback.hosts.reading import ran
from rollback.hosts.remote import Agent
from rollback.model import Host, Release
from tests.build import V1
from tests.checks.world import Hosts, Ran
from tests.hosts.local import LocalShell

_NUMBERS = itertools.count()


class Machine(Hosts):
    """path: what stands before the machine's own programs."""

    def __init__(self, root: Path, shell: str = "dash", path: Path | None = None) -> None:
        super().__init__()
        self.root, self.shell, self.path = root, shell, path
        self.switch(V1)

    def switch(self, release: Release) -> None:
        """As the agent does."""
        (self.root / "releases" / release.id).mkdir(parents=True, exist_ok=True)
        new = self.root / f".new{next(_NUMBERS)}"
        new.symlink_to(f"releases/{release.id}")
        new.replace(self.root / "current")

    def command(self, host: str, text: str, release: Release, timeout: float) -> Ran:
        self.commands.append((host, text, release.tag, timeout))
        variables = {"ROLLBACK_ROOT": str(self.root)}
        if self.path:
            variables["PATH"] = f"{self.path}:{os.environ['PATH']}"
        request = requests.command(Host(host, str(self.root)), text, timeout, variables)
        answer = Agent(host, LocalShell(self.shell)).ask(request)
        if answer.status != "ok":
            raise OutsideProtocol(f"{host}: {answer.status}")
        told: Told = ran(answer)
        return Ran(told.exit_status, told.stdout, told.stderr)
