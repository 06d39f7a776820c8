"""A webhook: JSON by POST, signed so that a receiver knows who sent it, and refuses what is old or came already.

X-Rollback-Moment     the moment, as in the body
X-Rollback-Operation  the operation's id (a ULID); with the moment it names the message
X-Rollback-Timestamp  when it was sent, in seconds of UTC's epoch
X-Rollback-Signature  "sha256=" and HMAC-SHA256 (RFC 2104, hexadecimal) with the secret over `timestamp.operation.body`
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rollback.notify.ask import ask
from rollback.notify.message import Message


def signature(secret: str, timestamp: str, operation: str, body: bytes) -> str:
    signed = b".".join((timestamp.encode(), operation.encode(), body))
    return "sha256=" + hmac.new(secret.encode("utf-8", "surrogateescape"), signed, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Hook:
    """url, secret, headers: with their secrets filled in."""

    name: str
    timeout: float
    url: str
    secret: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    chosen: Callable[[Message], bool]
    words: Callable[[Message], tuple[str, str]]  # title and text

    def wants(self, message: Message) -> bool:
        return self.chosen(message)

    def tell(self, message: Message, due: float) -> None:
        import httpx

        title, text = self.words(message)
        body = json.dumps({**message.data(), "title": title, "text": text}).encode()
        with httpx.Client() as client:
            ask(client, client.build_request("POST", self.url, content=body, headers=self._headers(message, body)), due)

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        sent = str(int(time.time()))
        return {
            **self.headers,
            "Content-Type": "application/json",
            "User-Agent": "rollback",
            "X-Rollback-Moment": str(message.moment),
            "X-Rollback-Operation": message.operation,
            "X-Rollback-Timestamp": sent,
            "X-Rollback-Signature": signature(self.secret, sent, message.operation, body),
        }
