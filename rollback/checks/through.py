"""HTTP over a connection that somebody else makes: a socket forwarded through SSH, or a plain one.

It moves one request and its answer's bytes, and knows nothing of checks. Everything in one conversation shares one
deadline, so that an answer that drips in byte by byte ends when the check's time is up.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator

import httpcore
import httpx

UNREACHED = (httpcore.ConnectError, httpcore.ConnectTimeout)  # nobody took the connection
Connect = Callable[[str, int, float], socket.socket]  # host, port, patience in seconds


class Deadline:
    """Until when something must be done. It can be set anew, as for one request after the other on one connection."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.renew()

    def renew(self) -> None:
        self._end = time.monotonic() + self.seconds

    @property
    def left(self) -> float:
        """Seconds. Raises httpcore.ReadTimeout when there is none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is up")
        return left


class Through(httpx.BaseTransport):
    """An HTTP/1.1 transport whose connections `connect` makes.

    deadline: for all requests together, unless it is renewed. scheme: what is spoken on the wire, when that is not
    the URL's own: a load balancer speaks https to users and http to the app, and the app is asked as it is by it.
    Raises httpcore's errors, and whatever else than OSError `connect` raises.
    """

    def __init__(
        self, connect: Connect, deadline: Deadline, tls: ssl.SSLContext | None, scheme: str | None = None
    ) -> None:
        self._scheme = scheme
        self._pool = httpcore.ConnectionPool(ssl_context=tls, network_backend=_Backend(connect, deadline))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        scheme = self._scheme.encode() if self._scheme else url.raw_scheme
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        stream = answer.stream
        assert isinstance(stream, Iterable)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(stream), request=request)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    def close(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


class _Backend(httpcore.NetworkBackend):
    def __init__(self, connect: Connect, deadline: Deadline) -> None:
        self._connect, self._deadline = connect, deadline

    def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> httpcore.NetworkStream:
        left = self._deadline.left
        try:
            return _Stream(self._connect(host, port, left), self._deadline)
        except OSError as error:
            raise _explained(error, httpcore.ConnectError, httpcore.ConnectTimeout) from error


class _Stream(httpcore.NetworkStream):
    """A socket with one deadline for all that is done with it; httpcore's own timeouts are for one read each."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._socket, self._deadline = sock, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        self._socket.settimeout(self._deadline.left)
        try:
            return self._socket.recv(max_bytes)
        except OSError as error:
            raise _explained(error, httpcore.ReadError) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        try:
            while buffer:
                self._socket.settimeout(self._deadline.left)
                buffer = buffer[self._socket.send(buffer) :]
        except OSError as error:
            raise _explained(error, httpcore.WriteError) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        try:
            self._socket.settimeout(self._deadline.left)
            wrapped = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except ssl.SSLCertVerificationError:
            self.close()
            raise  # an answer, and one that asking again does not change
        except OSError as error:
            self.close()
            raise _explained(error, httpcore.ConnectError) from error
        return _Stream(wrapped, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return _readable(self._socket) if info == "is_readable" else None


def _readable(sock: socket.socket) -> bool:
    """Whether an idle connection has something to say, which can only be that it ends."""
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _explained(error: OSError, kind: type[Exception], late: type[Exception] = httpcore.ReadTimeout) -> Exception:
    return late("the time is up") if isinstance(error, TimeoutError) else kind(worded(error))


def worded(error: OSError) -> str:
    """`connection refused`: the same words from here as from a host, without numbers."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return error.strerror.lower() if error.strerror else str(error) or type(error).__name__
