"""Moments in a host's life: the agent stands still just before a command that a case waits for.

The host's sessions find our commands first on their PATH. Each looks whether a trap is set in the session's home folder
and whether it is meant; then it waits until it is let go. Nothing of the product knows of it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rollback.demo.sshd import Sshd

_COMMANDS = ("chmod", "find", "mv", "rm", "sync", "tar", "timeout")
_SCRIPT = """\
#!/bin/sh
me=${0##*/} PATH=${PATH#*:}
if [ -f "$HOME/trap" ] && read -r pattern <"$HOME/trap"; then
    # shellcheck disable=SC2254
    case "$me $*" in
    $pattern) if mv "$HOME/trap" "$HOME/caught" 2>/dev/null; then
        echo $$ >"$HOME/pid" && mv "$HOME/pid" "$HOME/held"
        for i in $(seq 1500); do [ -f "$HOME/held" ] || break; sleep 0.02; done
    fi ;;
    esac
fi
exec "$me" "$@"
"""


def trapped_path(folder: Path) -> Mapping[str, str]:
    """The environment of a host whose commands can be trapped; the commands are put into `folder`."""
    folder.mkdir(exist_ok=True)
    for name in _COMMANDS:
        (folder / name).write_text(_SCRIPT)
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@dataclass(frozen=True)
class Trap:
    """pattern: of a command with its words, as `case` knows it. It is sprung once."""

    sshd: Sshd
    pattern: str

    def __enter__(self) -> Trap:
        (self.sshd.home / "trap").write_text(f"{self.pattern}\n")
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("trap", "caught", "held"):
            (self.sshd.home / name).unlink(missing_ok=True)

    def wait(self, patience: float = 30) -> None:
        """Until the agent stands in it. Raises TimeoutError."""
        until = time.monotonic() + patience
        while not (self.sshd.home / "held").exists():
            if time.monotonic() > until:
                raise TimeoutError(f"nothing on {self.sshd.name} ever did {self.pattern!r}")
            time.sleep(0.01)

    def let_go(self) -> None:
        (self.sshd.home / "held").unlink()

    def line(self) -> list[tuple[int, str]]:
        """Who stands in it and its ancestors, as (pid, name), up to the server."""
        pid, found = int((self.sshd.home / "held").read_text()), []
        while pid not in {0, 1, self.sshd.pid}:
            name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
            found.append((pid, name))
            pid = int(rest.split()[1])
        return found

    def kill_session(self) -> None:
        """The server's process for this connection: the agent has nobody to talk to any more, and goes on."""
        for pid, name in self.line():
            if name.startswith("sshd"):
                os.kill(pid, signal.SIGKILL)
        self.let_go()
