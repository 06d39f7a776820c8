"""nginx in front of the hosts: a process of its own on a free port of 127.0.0.1; what it writes is in the world.

One file per host in `upstream/` says whether it is given requests: the hosts' drain and undrain write it.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from rollback.demo.ssh_world import program
from rollback.errors import RollbackError
from rollback.text import clean

_TRIES = 8  # free ports tried: another process may take one between our look and nginx's bind
_STARTUP = 10.0
_PORTS = range(20_000, 32_000)

# keepalive_timeout 0: a connection that is kept would be closed by a reload just when its next request is on its way.
# proxy_next_upstream off and max_fails=0: nothing is asked twice, so that what failed is seen to have failed.
_CONF = """\
{user}daemon off;
worker_processes 2;
worker_shutdown_timeout 10s;
pid nginx.pid;
error_log error.log notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    keepalive_timeout 0;
    upstream shop {{ include upstream/*.conf; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://shop;
            proxy_next_upstream off;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_connect_timeout 5s;
            proxy_read_timeout 30s;
            add_header X-Served-By $upstream_addr always;
        }}
    }}
}}
"""


def start(folder: Path, app_ports: Iterable[tuple[str, int]]) -> tuple[subprocess.Popen[bytes], int]:
    """Start nginx with its files in `folder`; answers the process and its port. Raises RollbackError."""
    (folder / "upstream").mkdir(parents=True)
    (folder / "temp").mkdir()
    for host, port in app_ports:
        # Down until the first release is there: its deploy's undrain puts the host in.
        (folder / "upstream" / f"{host}.conf").write_text(f"server 127.0.0.1:{port} max_fails=0 down;\n")
    user = "user root;\n" if os.getuid() == 0 else ""  # else nobody, who may not enter
    for _ in range(_TRIES):
        (port,) = free_ports(1)
        (folder / "nginx.conf").write_text(_CONF.format(user=user, port=port))
        process = launch(folder)
        if _serves(folder, process, port):
            return process, port
        process.kill()
        process.wait()
    said = clean((folder / "error.log").read_text(errors="replace"), limit=400)
    raise RollbackError(f"nginx did not start: {said}", hint=f"{program('nginx', 'nginx')} -t")


def free_ports(count: int) -> tuple[int, ...]:
    """TCP ports of 127.0.0.1 that nobody has at this moment, below those that outgoing connections are given: a server
    that restarts must find its port free again."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(_PORTS, len(_PORTS)):
            probe = held.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == count:
                return tuple(found)
    raise RollbackError(f"no {count} free ports between {_PORTS[0]} and {_PORTS[-1]} on 127.0.0.1")


def launch(folder: Path) -> subprocess.Popen[bytes]:
    """An nginx with the configuration that is there."""
    command = [program("nginx", "nginx"), "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)


def _serves(folder: Path, process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _STARTUP
    while time.monotonic() < deadline and process.poll() is None:
        # The pid file comes after the bind: a port that answers may be somebody else's, with ours about to give up.
        if (folder / "nginx.pid").exists():
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return process.poll() is None
        time.sleep(0.01)
    return False
