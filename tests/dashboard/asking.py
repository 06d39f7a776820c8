"""Asks an ASGI app as a browser would, without a server and without following where it leads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from starlette.types import ASGIApp


@dataclass
class Asking:
    """base: a URL. cookies: sent with everything."""

    app: ASGIApp
    base: str
    cookies: dict[str, str]

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, headers, None))

    def post(self, path: str, data: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, headers, data))

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str] | None, data: Mapping[str, str] | None
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=self.base, cookies=self.cookies) as one:
            return await one.request(method, path, headers=headers, data=data)
