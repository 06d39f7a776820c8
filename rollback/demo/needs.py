"""What the demo needs beside this package, all of it named at once when something is missing."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

from rollback.demo.ssh_world import PLACES
from rollback.errors import Refused

_PROGRAMS = {
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "nginx": "nginx",
    "git": "git",
    "flock": "util-linux",
}
_MODULES = ("flask", "gunicorn")


def require() -> None:
    """Raises Refused (exit 3) when something is missing, with the command that installs it."""
    programs = [name for name in _PROGRAMS if shutil.which(name, path=PLACES) is None]
    modules = [name for name in _MODULES if find_spec(name) is None]
    if not programs and not modules:
        return
    packages = " ".join(sorted({_PROGRAMS[name] for name in programs}))
    commands = [f"sudo apt-get install {packages}"] if programs else []
    commands += ["pip install 'rollback[demo]'"] if modules else []
    raise Refused(f"the demo needs {', '.join(programs + modules)}, not found here", hint=" && ".join(commands))


def program(name: str) -> str:
    """The full path of one of them: an ordinary user's PATH lacks the folders of sshd and nginx."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        raise Refused(f"the demo needs {name}, not found here", hint=f"sudo apt-get install {_PROGRAMS[name]}")
    return found
