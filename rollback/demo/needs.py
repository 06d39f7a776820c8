"""What the demo needs beside this package, all of it named at once when something is missing."""

from __future__ import annotations

from importlib.util import find_spec

from rollback.demo.ssh_world import program
from rollback.errors import Refused, UsageError

PACKAGES = {
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "nginx": "nginx",
    "git": "git",
    "flock": "util-linux",
}
_MODULES = ("flask", "gunicorn")


def require() -> None:
    """Raises Refused (exit 3) when something is missing, with the command that installs it."""
    programs = [name for name in PACKAGES if not _installed(name)]
    modules = [name for name in _MODULES if find_spec(name) is None]
    if not programs and not modules:
        return
    packages = " ".join(sorted({PACKAGES[name] for name in programs}))
    commands = [f"sudo apt-get install {packages}"] if programs else []
    commands += ["pip install 'rollback[demo]'"] if modules else []
    raise Refused(f"the demo needs {', '.join(programs + modules)}, not found here", hint=" && ".join(commands))


def _installed(name: str) -> bool:
    try:
        program(name, PACKAGES[name])
    except UsageError:
        return False
    return True
