"""The check `tcp`: a connection is accepted, on the host or at the URL's host name."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from rollback.checks.question import Question, Said, nobody
from rollback.checks.request import LOCAL, number
from rollback.checks.through import worded
from rollback.errors import UsageError
from rollback.model import Result


def ask(question: Question) -> Said:
    """Raises: NoAnswer, HostError, UsageError."""
    assert question.check.tcp is not None
    port = number(question.fill(question.check.tcp.port))
    try:
        _connected(question, port).close()
    except TimeoutError as error:
        raise nobody(f"port {port}: no answer within {question.check.timeout:g} s") from error
    except OSError as error:
        raise nobody(f"port {port}: {worded(error)}") from error
    return Said(Result.PASS, f"port {port} accepted a connection")


def _connected(question: Question, port: int) -> socket.socket:
    if question.host:
        return question.ports.dial(question.host.name, LOCAL, port)
    name = urlsplit(question.fill(question.url or "")).hostname
    if not name:
        raise UsageError("the environment has no url to ask", hint="say `url:` in the playbook's environment")
    return socket.create_connection((name, port), question.check.timeout)
