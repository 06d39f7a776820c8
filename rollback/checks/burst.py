"""A bounded burst: one request many times, from a few threads with a connection each. It measures only."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

from rollback.checks.crowd import concurrently
from rollback.checks.exchange import Conversation
from rollback.checks.question import NoAnswer, Question
from rollback.checks.request import Sent
from rollback.playbook.http import Tls

_NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Burst:
    """took: seconds of each answer below 400, ascending. errors: what else came -> how often. wanted: requests."""

    took: tuple[float, ...]
    errors: Mapping[str, int]
    wanted: int

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def count(self) -> int:
        return len(self.took) + self.failed

    def percentile(self, percent: int) -> float | None:
        """Seconds, by nearest rank; None when nothing was answered well."""
        return self.took[max(0, ceil(len(self.took) * percent / 100) - 1)] if self.took else None


def burst(question: Question, sent: Sent, tls: Tls | None, requests: int, concurrency: int) -> Burst:
    """At most half of the check's time is for sending, the other half for what is still under way then.

    Raises: HostError, UsageError.
    """
    patience = question.check.timeout / 2
    more = _budget(requests, time.monotonic() + patience, question.stopped)

    def send(_: int, stop: threading.Event) -> list[float | str]:
        outcomes = []
        with Conversation(question, tls, patience) as talk:
            while not stop.is_set() and more():
                outcomes.append(_outcome(talk, sent))
        return outcomes

    every = list(itertools.chain.from_iterable(concurrently(send, range(concurrency))))
    took = sorted(one for one in every if isinstance(one, float))
    return Burst(tuple(took), Counter(one for one in every if isinstance(one, str)), requests)


def _outcome(talk: Conversation, sent: Sent) -> float | str:
    """Seconds, or what went wrong."""
    try:
        response = talk.again(sent)
    except NoAnswer:
        return _NO_ANSWER
    return (_NO_ANSWER if response.cut else response.took) if response.status < 400 else str(response.status)


def _budget(requests: int, until: float, stopped: Callable[[], bool]) -> Callable[[], bool]:
    """Whether one more may be sent; asked by several threads."""
    numbers = itertools.count(1)  # its next() is atomic
    return lambda: not stopped() and time.monotonic() < until and next(numbers) <= requests
