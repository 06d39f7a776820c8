"""Who may come in: asked by this machine's own names, with the token of the printed link or the cookie it is changed
for. And what every answer says of itself.

Another site's page must neither read (its name resolved to this address: the Host header tells) nor act (cookies are
SameSite=Strict; a form needs our Origin and a token of ours).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SAID = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_CLOSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>rollback dashboard</title>
<h1>The door is closed</h1><p>Open the link that <code>rollback dashboard</code> printed.</p>
<p>If this browser did so before: <a href="">go on</a>.</p></html>"""  # a link of our own carries the cookie again


@dataclass(frozen=True, slots=True)
class Keys:
    """Random, one set for each run. csrf: what our own forms carry."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True)
class Door:
    """Stands before the app. port: part of the cookie's name, since browsers share cookies between ports."""

    app: ASGIApp
    keys: Keys
    port: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_SAID)
            await send(message)

        answer = self._turned_away(Request(scope)) or self.app
        await answer(scope, receive, saying)

    def _turned_away(self, request: Request) -> Response | None:
        if _name(request.headers.get("host", "")) not in NAMES:
            return PlainTextResponse("this is not a name of this machine: use 127.0.0.1 or localhost", 421)
        given = request.query_params.get("token")
        if given is not None and request.method == "GET" and _same(given, self.keys.token):
            return self._let_in(request)
        if not _same(request.cookies.get(self._cookie, ""), self.keys.cookie):
            return Response(_CLOSED, 401, media_type="text/html")
        if request.method not in {"GET", "HEAD"} and request.headers.get("origin") != _origin(request):
            return PlainTextResponse("this was not asked by a page of this dashboard", 403)
        return None

    def _let_in(self, request: Request) -> Response:
        """The token leaves the address bar; the cookie is good for this browser until the dashboard ends."""
        rest = urlencode([pair for pair in parse_qsl(request.url.query) if pair[0] != "token"])
        path = "/" + request.url.path.lstrip("/")  # two slashes would be another site
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
        answer.set_cookie(self._cookie, self.keys.cookie, httponly=True, samesite="strict", path="/")
        return answer

    @property
    def _cookie(self) -> str:
        return f"rollback_{self.port}"


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "backslashreplace"), right.encode())


def _name(host: str) -> str:
    """Without the port, which a tunnel may change."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _origin(request: Request) -> str:
    return f"http://{request.headers.get('host', '')}"
