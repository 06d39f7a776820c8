"""Who is timed: we, the tools that people roll back with, and plain ssh as the measure of them all.

All do the same: `current` back to the release before, and the same restart on every host. Only we find out first what
is known good, take a lease, verify with one request a host, and write down what was done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.project import TOP

_PEERS = Path(__file__).with_name("peers")
_VENV = TOP / ".bench-venv"
OURS, LIMIT = "rollback", "ssh, ECDH (the limit)"
_LIMIT_OPTIONS = ("-o", "KexAlgorithms=ecdh-sha2-nistp256")


@dataclass(frozen=True)
class Tool:
    """program: what it needs. pip, apt: what would install that. before: run first, and not timed."""

    name: str
    command: tuple[str, ...]
    program: str = "ssh"
    pip: str = ""
    apt: str = ""
    before: tuple[str, ...] = ()

    @property
    def is_here(self) -> bool:
        return shutil.which(self.program, path=search_path()) is not None


def _peer(script: str, *words: str) -> tuple[str, ...]:
    return (str(_PEERS / script), *words)


TOOLS = (
    Tool(OURS, (sys.executable, "-m", "rollback", "-y")),
    Tool(LIMIT, _peer("parallel.sh", *_LIMIT_OPTIONS)),
    Tool("ssh, in parallel", _peer("parallel.sh")),
    Tool("Fabric, 5 runs", (sys.executable, str(_PEERS / "fabric_group.py"))),
    Tool("pyinfra", _peer("pyinfra.sh"), "pyinfra", pip="pyinfra"),
    Tool("Ansible, raw", _peer("ansible.sh"), "ansible-playbook", pip="ansible-core"),
    Tool("Capistrano", _peer("capistrano.sh"), "cap", apt="capistrano ruby-ed25519 ruby-bcrypt-pbkdf"),
    Tool(
        "ssh, warm ControlMaster",
        _peer("parallel.sh", "-o", "ControlMaster=no", "-o", "ControlPath=${BENCH_MASTERS}/%n"),
        before=_peer("masters.sh", "open"),
    ),
)
QUICK = (OURS, LIMIT, "ssh, in parallel", "Fabric, 5 runs")
CLEAN_UP = _peer("masters.sh", "close")


def search_path() -> str:
    """The benchmark's own environment comes after the project's."""
    return os.pathsep.join((str(Path(sys.executable).parent), str(_VENV / "bin"), os.environ.get("PATH", os.defpath)))


def provide(tools: tuple[Tool, ...]) -> Mapping[str, str]:
    """Install what is missing, as far as that can be done here. By name, why one has to be left out."""
    return {tool.name: trouble for tool in tools if not tool.is_here and (trouble := _install(tool))}


def _install(tool: Tool) -> str:
    print(f"installing {tool.pip or tool.apt or tool.program} …", file=sys.stderr)
    if tool.pip:
        return _ran([sys.executable, "-m", "venv", str(_VENV)]) or _ran([f"{_VENV}/bin/pip", "install", "-q", tool.pip])
    if tool.apt:
        command = ["apt-get", "install", "--yes", "--no-install-recommends", *tool.apt.split()]
        return _ran(command) and (_ran(["apt-get", "update"]) or _ran(command))
    return f"{tool.program} is not here"


def _ran(command: list[str]) -> str:
    """Why it failed, in a line; nothing when it did not."""
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"could not be installed: {error}"
    return "" if done.returncode == 0 else f"could not be installed: {last_line(done.stderr)}"


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
