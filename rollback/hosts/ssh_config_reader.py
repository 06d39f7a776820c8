"""ssh_config read without an `ssh` that works here, by paramiko, in the shape `ssh -G` prints.

Paramiko ignores `Include` and misreads some of `Match`: a file that uses them is refused, never half understood.
"""

from __future__ import annotations

import os
import re
from glob import glob
from pathlib import Path

import paramiko

from rollback.errors import NotAdmitted
from rollback.hosts.tokens import expanded, login
from rollback.text import clean_line

_USUAL = ("~/.ssh/config", "/etc/ssh/ssh_config")
_KEYS = ("id_rsa", "id_ecdsa", "id_ed25519")
_DEFAULTS = {
    "port": "22",
    "userknownhostsfile": "~/.ssh/known_hosts ~/.ssh/known_hosts2",
    "globalknownhostsfile": "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2",
}


def read(
    name: str, user: str | None, address: str | None, port: int | None, config: str | None
) -> tuple[tuple[str, str], ...]:
    """(keyword, value) pairs for `name`; what is given wins. Raises NotAdmitted for a file that would be misread."""
    if name.startswith("-"):
        raise NotAdmitted(f"{clean_line(name)!r} is not a host's name.")
    given = {"user": user, "hostname": address, "port": str(port) if port else None}
    found = _lookup(name, [Path(config)] if config else [Path(file).expanduser() for file in _USUAL])
    named = found.get("identityfile")
    identities = named if isinstance(named, list) else [f"~/.ssh/{key}" for key in _KEYS]
    said = {key: value for key, value in found.items() if isinstance(value, str)}
    one = {**_DEFAULTS, "user": login(), **said, **{key: value for key, value in given.items() if value}}
    return (*one.items(), *(("identityfile", str(value)) for value in identities))


def _lookup(name: str, files: list[Path]) -> dict[str, object]:
    os.environ.setdefault("LOGNAME", login())  # paramiko asks for a name, and fails where there is none
    config = paramiko.SSHConfig()
    for file in files:
        if os.access(file, os.R_OK):  # Path.is_file raises where we may not look
            try:
                text = file.read_text("utf-8", "surrogateescape")
                _refuse_what_is_misread(file, text)
                config.parse(text.split("\n"))
            except (paramiko.ConfigParseError, ValueError, OSError) as error:
                raise NotAdmitted(f"{clean_line(str(file))} cannot be read: {clean_line(str(error))}.") from error
    return dict(config.lookup(name))


def _refuse_what_is_misread(file: Path, text: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        word, _, rest = re.sub(r"[\s=]+", " ", line.strip(), count=1).partition(" ")
        harmless = word.lower() == "include" and not _included(file, rest)
        if word.lower() in ("include", "match") and not harmless and rest.strip().lower() != "all":
            raise NotAdmitted(
                f"{file} line {number} uses {word}, which only an installed ssh can read.",
                hint="apt-get install openssh-client",
            )


def _included(file: Path, patterns: str) -> bool:
    """Whether an Include names any file at all: Debian's ssh_config includes an often empty folder."""
    return any(glob(str(file.parent / expanded(pattern.strip('"')))) for pattern in patterns.split())  # noqa: PTH207  (it refuses odd ones)
