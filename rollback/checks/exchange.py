"""One conversation over HTTP with one vantage: a cookie jar, one deadline, bounded answers. It judges nothing."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self

import httpcore
import httpx

from rollback.checks.expect import Response
from rollback.checks.question import NoAnswer, Question, Said, nobody, not_yet
from rollback.checks.request import LOCAL, Sent, built, onward
from rollback.checks.through import UNREACHED, Connect, Deadline, Through
from rollback.checks.tls import context
from rollback.errors import UsageError
from rollback.model import Result

if TYPE_CHECKING:
    from rollback.playbook.http import Tls

BODY = 1 << 20  # bytes that are read of an answer
_REDIRECTS = 5
_TRANSPORT = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


class Conversation:
    """Requests that share cookies and a deadline. Use as a context manager: it closes its connections."""

    def __init__(self, question: Question, tls: Tls | None, patience: float | None = None) -> None:
        self._question, self._tls = question, tls
        self._scheme = ("https" if tls else "http") if question.host else None
        self._context = None if self._scheme == "http" else context(tls)  # all the authorities are read for it
        self._cookies = httpx.Cookies()
        self._throughs: dict[int, Through] = {}
        self._deadline = Deadline(patience or question.check.timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for through in self._throughs.values():
            through.close()

    def afresh(self) -> None:
        """The same cookies, with new connections and a deadline as at the beginning: for cleaning up."""
        self.__exit__()
        self._throughs = {}
        self._deadline.renew()

    def again(self, sent: Sent) -> Response:
        """As `send`, on the same connections, with the whole time for itself."""
        self._deadline.renew()
        return self.send(sent)

    def send(self, sent: Sent) -> Response:
        """The answer. Raises: NoAnswer, HostError, and UsageError when the playbook's words make no request."""
        return self._exchange(sent, built(self._question, sent))

    def follow(self, sent: Sent) -> Response:
        """The same, and where the answer points to, a few times."""
        request: httpx.Request | None = built(self._question, sent)
        for _ in range(_REDIRECTS + 1):
            assert request is not None
            response = self._exchange(sent, request)
            request = onward(self._question, request, response.status, response.header("location"))
            if request is None:
                return response
        raise NoAnswer(Said(Result.FAIL, f"redirected more than {_REDIRECTS} times", "an end to redirects"))

    def _exchange(self, sent: Sent, request: httpx.Request) -> Response:
        began = [time.monotonic()]
        request.extensions = {"trace": _mark(began)}
        if self._tls and self._tls.server_name:
            request.extensions["sni_hostname"] = self._question.fill(self._tls.server_name)
        self._cookies.set_cookie_header(request)
        try:
            answer = self._through(sent.port).handle_request(request)
        except ssl.SSLCertVerificationError as error:
            said = Said(
                Result.FAIL, f"certificate refused: {error.verify_message}", "a certificate that can be trusted"
            )
            raise NoAnswer(said) from error
        except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol) as error:
            raise UsageError(f"{request.method} {request.url} is not a request that can be sent: {error}") from error
        except _TRANSPORT as error:
            raise (nobody if isinstance(error, UNREACHED) else not_yet)(self._worded(error)) from error
        self._cookies.extract_cookies(answer)
        return self._read(answer, began, request.headers.get("authorization", "").encode())

    def _through(self, port: int) -> Through:
        """One for each port of a host; the users' view needs only one, which goes where each URL says."""
        if port not in self._throughs:
            self._throughs[port] = Through(self._connect(port), self._deadline, self._context, self._scheme)
        return self._throughs[port]

    def _connect(self, port: int) -> Connect:
        host, dial = self._question.host, self._question.ports.dial
        if host is None:
            return lambda name, its_port, patience: socket.create_connection((name, its_port), patience)
        return lambda *_: dial(host.name, LOCAL, port)

    def _read(self, answer: httpx.Response, began: list[float], shown: bytes) -> Response:
        assert isinstance(answer.stream, httpx.SyncByteStream)
        body, cut = bytearray(), ""
        try:
            _fill(body, answer.stream)
        except _TRANSPORT as error:
            cut = f"the answer broke off after {len(body)} bytes: {self._worded(error)}"
        finally:
            answer.stream.close()
        return Response(
            status=answer.status_code,
            headers=tuple(answer.headers.multi_items()),
            # A debug page shows what it was sent, and name and password in one are in no secret's form.
            body=bytes(body[:BODY]).replace(shown, b"[authorization]") if shown else bytes(body[:BODY]),
            took=time.monotonic() - began[0],
            cut=cut,
            more=len(body) > BODY,
        )

    def _worded(self, error: Exception) -> str:
        return (
            f"no answer within {self._deadline.seconds:g} s"
            if isinstance(error, httpcore.TimeoutException)
            else str(error).rstrip(".")
        )


def _fill(body: bytearray, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        body += piece
        if len(body) > BODY:
            return


def _mark(began: list[float]) -> Callable[[str, object], None]:
    """Notes when the request goes out: how long the connection took, through SSH, is not the release's doing."""

    def trace(event: str, _: object) -> None:
        if event.endswith("send_request_headers.started"):
            began[0] = time.monotonic()

    return trace
