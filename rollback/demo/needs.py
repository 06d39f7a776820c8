"""What the demo needs beside this package, all of it named at once when something is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from rollback.demo.ssh_world import program
from rollback.errors import Refused, UsageError

PROGRAMS = {  # and the Debian packages that they come in
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "nginx": "nginx",
    "git": "git",
    "flock": "util-linux",
}
MODULES = ("flask", "gunicorn")


def require(programs: Mapping[str, str] = PROGRAMS, modules: Sequence[str] = MODULES) -> None:
    """Raises Refused (exit 3) when something is missing, with the command that installs it."""
    packages = {name: package for name, package in programs.items() if not _installed(name, package)}
    absent = [name for name in modules if find_spec(name) is None]
    if not packages and not absent:
        return
    commands = [f"sudo apt-get install {' '.join(sorted(set(packages.values())))}"] if packages else []
    commands += ["pip install '.[demo]' in rollback's checkout"] if absent else []
    raise Refused(f"the demo needs {', '.join([*packages, *absent])}, not found here", hint=" && ".join(commands))


def _installed(name: str, package: str) -> bool:
    try:
        program(name, package)
    except UsageError:
        return False
    return True
