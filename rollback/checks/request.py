"""What goes out over HTTP: a check's words, filled in, as one request with its address. It sends nothing.

Asked on a host, the app sees what it would see behind its load balancer: the environment's host name in `Host` and SNI,
and cookies that are for that name; only the connection goes to the host itself, through SSH.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from rollback.checks.question import NoAnswer, Question, Said
from rollback.errors import UsageError
from rollback.model import Result
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.http import BasicAuth, Tls

LOCAL = "127.0.0.1"  # the app, as its host sees it
_OURS = {"user-agent": "rollback", "accept": "*/*", "accept-encoding": "identity"}  # a packed body would need unpacking
_PER_REQUEST = {"host", "cookie"}
_OF_A_BODY = {"content-length", "content-type", "transfer-encoding"}
_TO_BE_FOLLOWED = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request's words. path: at the app's address; url: instead of both. port: on a host."""

    method: str
    path: str
    port: int
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    form: Mapping[str, str] | None = None
    json: object = None
    auth: tuple[str, str] | None = None


def port(question: Question, written: str | None, tls: Tls | None) -> int:
    """The port on a host; it may speak of the host, so it is left alone where none is asked."""
    return number(question.fill(written)) if written and question.host else (443 if tls else 80)


def number(text: str) -> int:
    """A port. Raises: UsageError, for what is none once it is filled in."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise UsageError(f"{clean_line(text, 60)!r} is not a port")
    return int(text)


def tree(question: Question, value: object) -> object:
    """A JSON body, filled in leaf by leaf."""
    if isinstance(value, str):
        return question.fill(value)
    if isinstance(value, Mapping):
        return {question.fill(str(key)): tree(question, inner) for key, inner in value.items()}
    return [tree(question, inner) for inner in value] if isinstance(value, list | tuple) else value


def filled(question: Question, texts: Mapping[str, str]) -> dict[str, str]:
    """Headers or a form's fields, filled in."""
    return {question.fill(name): question.fill(text) for name, text in texts.items()}


def credentials(question: Question, auth: BasicAuth | None) -> tuple[str, str] | None:
    """Name and password."""
    return (question.fill(auth.user), question.fill(auth.password)) if auth else None


def built(question: Question, sent: Sent) -> httpx.Request:
    """Raises: UsageError when the words make no request."""
    headers = {**_OURS, **{name.lower(): value for name, value in sent.headers.items()}}
    body = None if sent.body is None else sent.body.encode(errors="surrogateescape")
    try:
        url = httpx.URL(sent.url) if sent.url else _at_the_app(question, sent)
        request = httpx.Request(sent.method, url, headers=headers, content=body, data=sent.form, json=sent.json)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise UsageError(f"{sent.method} {sent.url or sent.path} is not a request that can be sent: {error}") from error
    auth = sent.auth or ((url.username, url.password) if url.username else None)
    if auth and "authorization" not in headers:
        request.headers["authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
    return request


def _at_the_app(question: Question, sent: Sent) -> httpx.URL:
    """A path may come from an answer (`Location`): it never leads to another site, where our headers would be shown."""
    origin, prefix = _origin(question, sent.port)
    if sent.path.startswith("/"):
        return httpx.URL(origin + prefix + sent.path)
    url = httpx.URL(origin).join(sent.path)
    if url.host != httpx.URL(origin).host:
        raise NoAnswer(Said(Result.FAIL, f"was to be sent to {url}", f"an address on {httpx.URL(origin).host}"))
    return url


def _origin(question: Question, port: int) -> tuple[str, str]:
    """Where the app is for its users, and under which path; a host is asked in that name, without the path."""
    url = question.fill(question.url or "").rstrip("/")
    if question.host is None:
        if not url:
            raise UsageError("the environment has no url to ask", hint="say `url:` in the playbook's environment")
        path = urlsplit(url).path
        return url.removesuffix(path), path
    parts = urlsplit(url)
    return f"{parts.scheme or 'http'}://{parts.netloc.rpartition('@')[2] or f'{LOCAL}:{port}'}", ""


def onward(question: Question, request: httpx.Request, status: int, location: tuple[str, ...]) -> httpx.Request | None:
    """The request that a redirect asks for; another site is never shown this one's headers. None: it is no redirect.

    Raises: NoAnswer, for a redirect that leads nowhere, or away from the host that is asked.
    """
    if status not in _TO_BE_FOLLOWED or not location:
        return None
    try:
        url = request.url.join(location[0])
    except httpx.InvalidURL as error:
        raise NoAnswer(Said(Result.FAIL, f"redirected to {location[0]}", "an address")) from error
    elsewhere = url.host != request.url.host
    if url.scheme not in {"http", "https"} or (elsewhere and question.host):
        raise NoAnswer(Said(Result.FAIL, f"redirected to {location[0]}", f"to stay on {request.url.host}"))
    again = status in {307, 308} or request.method == "HEAD"
    dropped = _PER_REQUEST if again else _PER_REQUEST | _OF_A_BODY
    headers = {} if elsewhere else {name: text for name, text in request.headers.items() if name not in dropped}
    content = request.read() if again and not elsewhere else None
    return httpx.Request(request.method if again else "GET", url, headers={**_OURS, **headers}, content=content)
