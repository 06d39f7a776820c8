"""What stands for something else in ssh_config's values: `%h` and its like, `${VARIABLE}`, `~` (ssh_config(5), TOKENS).

`ssh -G` fills in some values and leaves others (IdentityFile, CertificateFile, ProxyCommand) as they were written.
"""

from __future__ import annotations

import getpass
import os
import pwd
import re
import socket
from collections.abc import Mapping
from pathlib import Path


def tokens(name: str, address: str, port: int, user: str, alias: str | None) -> dict[str, str]:
    """What may stand in a path. name: as it was asked for. alias: HostKeyAlias."""
    machine = socket.gethostname()
    return {
        **{"%h": address, "%n": name, "%p": str(port), "%r": user, "%k": alias or name},
        **{"%u": login(), "%i": str(os.getuid()), "%l": machine, "%L": machine.partition(".")[0]},
    }


def filled(text: str, known: Mapping[str, str]) -> str:
    """A token that is not known stays as it is."""
    every = {**known, "%%": "%", "%d": str(home())}
    return re.sub(r"%.", lambda found: every.get(found[0], found[0]), text)


def path(text: str, known: Mapping[str, str]) -> Path:
    """A variable that is not set stays as it is: then no file will be found, which names it."""
    text = re.sub(r"\$\{(\w+)\}", lambda found: os.environ.get(found[1], found[0]), filled(text, known))
    return expanded(text)


def expanded(text: str) -> Path:
    """`~somebody` that is nobody stays as it is."""
    try:
        return home() / text[2:] if text.startswith("~/") else Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def home() -> Path:
    """ssh goes by the account, whatever $HOME says."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path.home()


def login() -> str:
    """Whoever runs this, or the number alone, as in a container that runs as a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return str(os.getuid())
