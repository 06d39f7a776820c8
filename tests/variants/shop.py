"""The demo's world with one more release for each defect, and a playbook for each variant of the incident.

Live at the beginning, and known to be good: v1.1.0, on three hosts behind nginx.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx
from ruamel.yaml import YAML

from rollback.demo import balancer, remains, repository
from rollback.demo.world import World
from rollback.model import NOTHING
from tests.cli.command import Ran
from tests.variants.releases import DEFECTS, FINE
from tests.warm import Operator, begun

GOOD = repository.BETTER
PATIENCE = 60.0  # seconds until what should be seen never will be
_GATE = {"min_healthy_time": "200ms", "healthy_deadline": "20s", "interval": "100ms"}


@dataclass
class Shop:
    """Commands are typed in the shop's folder, with the playbook `book`."""

    world: World

    WATCH: ClassVar = {"duration": "30s", "interval": "300ms"}

    def tag_all(self) -> None:
        """The defects' releases, each on top of the last good one. The demo's own bad one is there already."""
        self._git("checkout", "--quiet", GOOD)
        good = (self.world.shop / "shop.py").read_text()
        for name, defect in (DEFECTS | dict.fromkeys(FINE, "")).items():
            self._git("checkout", "--quiet", GOOD)
            (self.world.shop / "shop.py").write_text(f"{good}{defect}# {name}\n")
            self._git("commit", "--quiet", "--all", "--message", name)
            self._git("tag", f"v2-{name}")

    def book(
        self,
        name: str,
        checks: str = "",
        *,
        only: bool = False,
        without: str = "",
        watched: Collection[str] | None = None,
        gate: Mapping[str, str] = NOTHING,
        watch: Mapping[str, str] = NOTHING,
        **settings: object,
    ) -> str:
        """Write the playbook `name`: the shop's, with more checks (or these only), without one, these alone watched."""
        yaml = YAML(typ="safe")
        book = yaml.load(self.world.shop / "playbooks" / "shop.yml")
        more = yaml.load(checks.replace("WORLD", str(self.world.folder))) if checks else []
        asked = [] if only else [one for one in book["checks"] if one["name"] != without]
        gated = [] if watched is None else [one for one in asked if one["name"] not in watched]
        book |= {**settings, "checks": [*asked, *more]}
        for one in gated:
            one["phase"] = "gate"
        book["environments"]["production"]["verify"] |= {
            "gate": {**_GATE, **gate},
            **({"watch": dict(watch)} if watch else {}),
        }
        yaml.dump(book, self.world.shop / "playbooks" / f"{name}.yml")
        return name

    def run(self, *words: str) -> Ran:
        return self.begin(*words).wait()

    def begin(self, *words: str) -> Operator:
        environ = self.world.environment()
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        return begun(self.world.folder / "operator", *words, cwd=self.world.shop, environ=environ)

    def deploy(self, defect: str, book: str, *more: str) -> Ran:
        return self.run("deploy", tag(defect), "-y", "-p", book, *more)

    def lives(self) -> list[str]:
        """The live tag of each host, read off its disk."""
        return [(self.world.root(host.name) / "current").readlink().name[:-13] for host in self.world.hosts]

    def file(self, host: str, name: str) -> Path:
        """In the shop's shared folder on that host."""
        return self.world.root(host) / "shared/instance" / name

    def hosts(self) -> list[str]:
        return [host.name for host in self.world.hosts]

    def visit(self, times: int) -> None:
        """People come to the home page; what they are answered is not looked at."""
        with httpx.Client(base_url=self.world.url, timeout=30, trust_env=False) as people:
            for _ in range(times):
                people.get("/")

    def at_rest(self) -> None:
        """The last good release everywhere, whatever a test has left."""
        left = [
            (self.world.root(host) / ".rollback" / name).exists()
            for host in self.hosts()
            for name in ("intent", "lease")
        ]
        if self.lives() != [GOOD] * 3 or any(left):
            back = self.run("--to", GOOD, "-y", "-p", "plain")
            assert (back.code, self.lives()) == (0, [GOOD] * 3), back.err

    @property
    def nginx(self) -> Path:
        return self.world.folder / "nginx"

    def balancer_again(self) -> None:
        """After it was killed: the same nginx on the same port."""
        remains.note(self.world.folder, balancer.launch(self.nginx).pid)
        until(lambda: answers(self.world.url))

    def _git(self, *words: str) -> None:
        subprocess.run(["git", "-C", str(self.world.shop), *words], check=True, env=self.world.environment())


def tag(defect: str) -> str:
    return defect if defect.startswith("v1") else f"v2-{defect}"


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline, "it was never seen"
        time.sleep(0.05)
