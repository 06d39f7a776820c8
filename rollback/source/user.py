"""Who git says is at work here. By one plain process: GitPython costs every rollback an eighth of its start."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from rollback.source.command import FOREIGN
from rollback.text import clean_line

_PATIENCE = 5.0  # seconds; a name is not worth more


def git_user(folder: Path) -> str:
    """Git's user, "Name <mail>", as far as it is configured for `folder` or this account; "" when nobody knows."""
    words = ["git", "-C", str(folder), "config", "--null", "--get-regexp", r"^user\.(name|email)$"]
    environ = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    try:
        said = subprocess.run(
            words, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    pairs = dict(line.partition(b"\n")[::2] for line in said.stdout.split(b"\0"))  # the last of a name is what counts
    name, mail = (pairs.get(key, b"").strip() for key in (b"user.name", b"user.email"))
    return clean_line(name + (b" <" + mail + b">" if mail else b"")).strip()
