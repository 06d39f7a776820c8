"""ssh_config, asked of `ssh -G` itself once per name: every other reader misreads some of it (Include, Match, none)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from rollback.errors import NotAdmitted
from rollback.hosts.tokens import expanded
from rollback.model import Ssh
from rollback.text import clean_line

_PATIENCE = 15.0  # seconds for `ssh -G`, which may run the commands of `Match exec`

Settings = tuple[tuple[str, str], ...]  # (lower-case keyword, value), repeated keywords kept in order


def settings(name: str, ssh: Ssh) -> Settings:
    """What holds for `name`, the playbook's words said first. Raises NotAdmitted when the ssh_config is no use."""
    config = str(expanded(ssh.config)) if ssh.config else None
    program = shutil.which("ssh")
    if program is None or _is_nameless():
        from rollback.hosts.ssh_config_reader import read  # brings paramiko in

        return read(name, ssh.user, ssh.address, ssh.port, config)
    version = _version(config)
    return _asked(program, name, ssh.user, ssh.address, ssh.port, config, os.environ.get("HOME"), version)


def _is_nameless() -> bool:
    """OpenSSH refuses to work for a user whom the machine has no name for, as in a container that runs as a number."""
    try:
        return not pwd.getpwuid(os.getuid())
    except KeyError:
        return True


def _version(config: str | None) -> int:
    """Changes when the file does, so that a long-lived process asks again."""
    try:
        return Path(config or "~/.ssh/config").expanduser().stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4096)
def _asked(
    program: str,
    name: str,
    user: str | None,
    address: str | None,
    port: int | None,
    config: str | None,
    *_version: object,
) -> Settings:
    """What `ssh -G` prints. The playbook's words go in as options, so that `Match` and tokens see them, too."""
    command = [program, "-G"]
    command += ["-F", config] if config else []
    command += ["-l", user] if user else []
    command += ["-p", str(port)] if port else []
    command += ["-o", "HostName=" + address.replace("%", "%%")] if address else []
    try:
        answer = subprocess.run(
            [*command, "--", name], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotAdmitted(
            f"ssh did not resolve {clean_line(name)} within {_PATIENCE:.0f} s.", hint=_look(name)
        ) from error
    except ValueError as error:  # a jump host's name may have come from an answer, with a NUL in it
        raise NotAdmitted(f"{clean_line(name)!r} is no name that ssh could be asked about.") from error
    if answer.returncode != 0:
        said = clean_line(answer.stderr) or f"exit status {answer.returncode}"
        raise NotAdmitted(f"The ssh_config cannot be used for {clean_line(name)}: {said}.", hint=_look(name))
    lines = answer.stdout.decode("utf-8", "surrogateescape").split("\n")
    return tuple((key.lower(), value) for key, _, value in (line.partition(" ") for line in lines))


def _look(name: str) -> str:
    return f"Look at it with: ssh -G -- {clean_line(name)}"
