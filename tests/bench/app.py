"""The app of every host, in one process: `python app.py APPS` answers on 127.0.0.1 for APPS/h001, APPS/h002 …

h001's port is 8001, and so on. Each says in X-Release what its host's restart started last.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

FIRST = 8000  # h001 has the next

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def app(running: Path) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            tag = running.read_bytes().split()[0]
            writer.write(b"HTTP/1.1 200 OK\r\nX-Release: %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % tag)
            await writer.drain()
        except (OSError, IndexError, asyncio.IncompleteReadError):
            pass  # not started yet, or nobody waits for the answer: the connection is closed without one
        finally:
            writer.close()

    return answer


async def serve(apps: Path) -> None:
    for number, folder in enumerate(sorted(apps.iterdir()), start=1):
        await asyncio.start_server(app(folder / "shared/running"), "127.0.0.1", FIRST + number)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
