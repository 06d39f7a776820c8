"""Serves the pages on the loopback, and nowhere else, until it is ended."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from rollback.dashboard.acts import Acts
from rollback.dashboard.app import Rooms, app
from rollback.dashboard.door import Door, Keys
from rollback.dashboard.pages import Pages
from rollback.errors import UsageError


def listening(port: int) -> socket.socket:
    """port: 0 for a free one. Raises: UsageError."""
    one = socket.socket(proto=socket.IPPROTO_TCP)  # asyncio gives TCP_NODELAY to no other: it is 40 ms for each answer
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        one.close()
        raise UsageError(f"--port {port}: can't listen on 127.0.0.1 there: {error}", hint="leave --port out") from error
    one.listen(64)
    return one


def serve(pages: Pages, acts: Acts | None, at: socket.socket, keys: Keys, ready: Callable[[], None]) -> None:
    """Until a signal ends it, which is then raised again. ready: called before the first answer."""
    port = at.getsockname()[1]
    rooms = Rooms(pages, acts, lambda: server.should_exit)
    config = uvicorn.Config(
        Door(app(rooms), keys, port),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    ready()
    server.run(sockets=[at])
