"""What SSH servers of one world share: a client key, a known_hosts and an ssh_config; and how these are made."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rollback.errors import UsageError

_MORE_PLACES = ("/usr/sbin", "/usr/local/sbin", "/sbin")  # an ordinary user's PATH lacks them

_CLIENT = """\
Host {name}
    HostName {address}
    Port {port}
    User {user}
    IdentityFile "{world}/client_key"
    IdentitiesOnly yes
    UserKnownHostsFile "{world}/known_hosts"
"""


@dataclass(frozen=True, slots=True)
class World:
    """The folder servers share: `client_key` opens all of them, `ssh_config` and `known_hosts` name all of them."""

    folder: Path

    @property
    def client_key(self) -> Path:
        return self.folder / "client_key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh_config"

    def publish(self, name: str, address: str, port: int, user: str) -> None:
        """Name a server in its own folder, then the shared files anew from every folder, so that a restart replaces."""
        own = self.folder / "hosts" / name
        kind, key = (own / "host_key.pub").read_text().split()[:2]
        (own / "known_host").write_text(f"[{address}]:{port} {kind} {key}\n")
        (own / "ssh_config").write_text(
            _CLIENT.format(name=name, address=address, port=port, user=user, world=self.folder)
        )
        for part, whole in (("known_host", self.known_hosts), ("ssh_config", self.ssh_config)):
            parts = sorted(self.folder.glob(f"hosts/*/{part}"))
            new = whole.with_name(whole.name + ".new")
            new.write_text("".join(path.read_text() for path in parts))
            new.rename(whole)


def make_key(path: Path) -> None:
    if not path.exists():
        command = [
            program("ssh-keygen", "openssh-client"),
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            path.name,
            "-f",
            str(path),
        ]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def program(name: str, package: str) -> str:
    """The full path (sshd insists on being called by one). Raises UsageError naming the Debian package."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_MORE_PLACES)))
    if found is None:
        raise UsageError(f"{name} is not installed here.", hint=f"apt-get install {package}")
    return found
