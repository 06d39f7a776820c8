"""Which certificates are trusted: the system's and Mozilla's, or those that a check names. It only makes contexts."""

from __future__ import annotations

import ssl
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

import certifi

from rollback.errors import UsageError
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.http import Tls

_ONE = threading.Lock()  # else each of many hosts' threads makes what the first one is about to keep: 60 ms


def context(tls: Tls | None) -> ssl.SSLContext:
    """How a check's servers are verified. Raises: UsageError, for a CA file that can't be read."""
    with _ONE:
        if tls and tls.insecure:
            return _insecure()
        return _trusting(str(tls.ca_file)) if tls and tls.ca_file else _usual()


@lru_cache
def _usual() -> ssl.SSLContext:
    """Both: a company's own authority is in the system's store only, and a slim container has no such store."""
    made = ssl.create_default_context()
    made.load_verify_locations(certifi.where())
    return made


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        why = clean_line(error.strerror or "it holds no certificate")
        raise UsageError(f"tls.ca_file {clean_line(ca_file)} can't be read: {why}") from error


@lru_cache
def _insecure() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made
