"""One HTTP request with a deadline: what is likely to pass is tried again, as long as there is time.

Tried again are refused connections, 429, 5xx, and GitHub's 403 for a rate limit; not what may have been done already.
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rollback.notify.post import NotTold
from rollback.text import clean_line

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

_TRIES = 4
_PASSING = frozenset({429, 500, 502, 503, 504})


class _Again(NotTold):
    """wait: seconds that the server wants, or None."""

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


def ask(client: httpx.Client, request: httpx.Request, due: float) -> httpx.Response:
    """A 2xx answer. due: time.monotonic. Raises: NotTold."""
    from tenacity import Retrying, retry_if_exception_type

    def ended(state: RetryCallState) -> bool:
        return state.attempt_number >= _TRIES or time.monotonic() + state.upcoming_sleep >= due

    tries = Retrying(retry=retry_if_exception_type(_Again), wait=_pause, stop=ended, reraise=True)
    answer: httpx.Response = tries(_once, client, request, due)
    return answer


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    wanted = error.wait if isinstance(error, _Again) else None
    return 0.25 * 2**state.attempt_number if wanted is None else wanted


def _once(client: httpx.Client, request: httpx.Request, due: float) -> httpx.Response:
    import httpx

    left = due - time.monotonic()
    if left <= 0:
        raise NotTold("its time was up")
    request.extensions = {"timeout": httpx.Timeout(left).as_dict()}
    try:
        answer = client.send(request)
    except httpx.ConnectError as error:
        raise _Again(_unreached(request, error)) from None
    except httpx.HTTPError as error:
        raise NotTold(_unreached(request, error)) from None
    if answer.is_success:
        return answer
    said = f"{request.url.host} answered {answer.status_code} to {request.method} {request.url.path}{_why(answer)}"
    raise _Again(said, _wanted(answer)) if _passes(answer) else NotTold(clean_line(said))


def _unreached(request: httpx.Request, error: Exception) -> str:
    return clean_line(f"{request.url.host} could not be asked: {error or type(error).__name__}")


def _passes(answer: httpx.Response) -> bool:
    limited = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status_code in _PASSING or (answer.status_code == 403 and limited)


def _wanted(answer: httpx.Response) -> float | None:
    """`retry-after` is seconds, `x-ratelimit-reset` seconds of UTC's epoch."""
    after, reset = answer.headers.get("retry-after", ""), answer.headers.get("x-ratelimit-reset", "")
    if after.isascii() and after.isdigit():
        return float(after)
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
        return max(0.0, float(reset) - time.time())
    return None


def _why(answer: httpx.Response) -> str:
    """GitHub's errors have a message."""
    try:
        said = answer.json()["message"]
    except (ValueError, LookupError, TypeError):
        return ""
    return f": {clean_line(str(said), 150)}"
