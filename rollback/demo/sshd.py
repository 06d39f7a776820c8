"""Real OpenSSH servers on loopback, for the demo and the tests: own keys, own home folder, no root needed.

A folder is a little world: one client key, one known_hosts and one ssh_config for all its servers, and a folder for
each server. Must not touch the user's ~/.ssh nor any other sshd, and must leave no process behind.
"""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from rollback.demo.processes import end_descendants
from rollback.demo.ssh_world import World, make_key, program
from rollback.errors import UsageError
from rollback.model import NOTHING
from rollback.text import clean

_STARTUP = 10.0  # seconds until sshd must greet; it takes milliseconds, but a loaded machine may not
_TRIES = 8  # free ports tried: another process may take one between our look and sshd's bind

_SERVER = """\
ListenAddress {address}:{port}
HostKey "{folder}/host_key"
AuthorizedKeysFile "{world}/client_key.pub"
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
UseDNS no
MaxSessions 100
MaxStartups 500
LoginGraceTime 30
LogLevel VERBOSE
Subsystem sftp internal-sftp
SetEnv {environment}
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running server. folder: its own (host_key, sshd_config, sshd.log, home/). `with` stops it."""

    name: str
    address: str
    port: int
    user: str
    folder: Path
    world: World
    process: subprocess.Popen[bytes] = field(compare=False, repr=False)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def home(self) -> Path:
        """$HOME of the sessions; they still start in the account's own home folder, which sshd does not let us set."""
        return self.folder / "home"

    @property
    def log(self) -> str:
        return (self.folder / "sshd.log").read_text(errors="backslashreplace")

    def stop(self) -> None:
        """End the server and every session it still serves; what a session has detached (a daemon) lives on."""
        if self.process.poll() is None:
            # Stopped first, so that it cannot start another session while we end the ones there are.
            self.process.send_signal(signal.SIGSTOP)
            end_descendants(self.pid)
            self.process.kill()
        self.process.wait()

    def __enter__(self) -> Sshd:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start(
    folder: Path,
    name: str,
    address: str = "127.0.0.1",
    port: int | None = None,
    *,
    environment: Mapping[str, str] = NOTHING,
) -> Sshd:
    """Start a server called `name` in the world `folder` (made when missing), and wait until it greets.

    address: any of 127.0.0.0/8. port: None takes a free one. environment: variables its sessions have. A second
    start under the same name keeps the host key. One start at a time in a folder. Raises UsageError.
    """
    world = World(folder.resolve())
    own = world.folder / "hosts" / name
    (own / "home").mkdir(parents=True, exist_ok=True)
    make_key(world.client_key)
    make_key(own / "host_key")
    for _ in range(_TRIES):
        chosen = port or _free_port(address)
        server = Sshd(name, address, chosen, _login(), own, world, _launch(world, own, address, chosen, environment))
        if _greets(server):
            server.world.publish(name, address, chosen, server.user)
            return server
        server.stop()
        if port is not None:
            break
    raise UsageError(f"sshd for {name} did not start on {address}:{chosen}: {clean(server.log, limit=400)}")


def _launch(
    world: World, own: Path, address: str, port: int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)  # where root's sshd confines itself
    variables = {"HOME": str(own / "home"), **environment}
    settings = own / "sshd_config"
    settings.write_text(
        _SERVER.format(
            address=address,
            port=port,
            folder=own,
            world=world.folder,
            environment=" ".join(f'"{key}={_escaped(value)}"' for key, value in variables.items()),
        )
    )
    (own / "sshd.log").write_bytes(b"")  # an earlier server of this name may have listened where this one can't
    arguments = [
        program("sshd", "openssh-server"),
        "-D",
        "-f",
        str(settings),
        "-E",
        str(own / "sshd.log"),
        *_no_penalties(settings),
    ]
    nothing = subprocess.DEVNULL
    return subprocess.Popen(arguments, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)


def _no_penalties(settings: Path) -> list[str]:
    """OpenSSH from 9.8 on locks out an address after failed logins; older ones do not know the word."""
    option = ["-o", "PerSourcePenalties=no"]
    trial = subprocess.run(
        [program("sshd", "openssh-server"), "-t", "-f", str(settings), *option], capture_output=True, check=False
    )
    return option if trial.returncode == 0 else []


def _greets(server: Sshd) -> bool:
    """Whether it serves: a greeting alone could be another process that took the port, so our own log must say it."""
    listening = f"Server listening on {server.address} port {server.port}."
    deadline = time.monotonic() + _STARTUP
    while time.monotonic() < deadline and server.process.poll() is None:
        if listening in server.log:
            with suppress(OSError), socket.create_connection((server.address, server.port), timeout=1) as probe:
                if probe.recv(4) == b"SSH-":
                    return True
        time.sleep(0.01)
    return False


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _login() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
