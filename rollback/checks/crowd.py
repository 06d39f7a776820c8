"""Several hosts asked at once, each in a thread of its own. It knows nothing of what is asked.

The threads are daemons and are never joined: a person who presses Ctrl-C is heard within a fifth of a second, even when
a host is silent. What such a thread still learns afterwards is thrown away.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Place = TypeVar("Place")
Answer = TypeVar("Answer")

_WIDTH = 64


class Crowd(Protocol):
    """How several are asked: `concurrently`, or one after the other where time itself is simulated."""

    def __call__(
        self, work: Callable[[Place, threading.Event], Answer], places: Sequence[Place], width: int = ...
    ) -> tuple[Answer, ...]: ...


_LISTEN = 0.2  # seconds; a longer wait would hold up a signal


def concurrently(
    work: Callable[[Place, threading.Event], Answer], places: Sequence[Place], width: int = _WIDTH
) -> tuple[Answer, ...]:
    """What `work` answers for each place, in the order of the places; `work` gives up when its event is set.

    Raises what `work` raised first; the others are then told to give up.
    """
    answers = _answers(work, places, width, math.inf)
    return tuple(answers[number] for number in range(len(places)))


def in_time(
    work: Callable[[Place, threading.Event], Answer], places: Sequence[Place], seconds: float
) -> tuple[Answer | None, ...]:
    """The same, all at once; who did not answer in time is told to give up, and is None."""
    answers = _answers(work, places, _WIDTH, time.monotonic() + seconds)
    return tuple(answers.get(number) for number in range(len(places)))


def _answers(
    work: Callable[[Place, threading.Event], Answer], places: Sequence[Place], width: int, deadline: float
) -> dict[int, Answer]:
    waiting: queue.SimpleQueue[tuple[int, Place]] = queue.SimpleQueue()
    for numbered in enumerate(places):
        waiting.put(numbered)
    done: queue.SimpleQueue[tuple[int, Answer | BaseException]] = queue.SimpleQueue()
    stop = threading.Event()
    answers: dict[int, Answer] = {}
    try:
        for _ in range(min(width, len(places))):
            threading.Thread(target=_labour, args=(work, waiting, done, stop), daemon=True, name="check").start()
        while len(answers) < len(places) and (heard := _heard(done, deadline)):
            answers[heard[0]] = heard[1]
    finally:
        stop.set()
    return answers


def _labour(
    work: Callable[[Place, threading.Event], Answer],
    waiting: queue.SimpleQueue[tuple[int, Place]],
    done: queue.SimpleQueue[tuple[int, Answer | BaseException]],
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        try:
            number, place = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            done.put((number, work(place, stop)))
        except BaseException as error:  # raised again by whoever waits for the answers
            done.put((number, error))


def _heard(done: queue.SimpleQueue[tuple[int, Answer | BaseException]], deadline: float) -> tuple[int, Answer] | None:
    while (left := deadline - time.monotonic()) > 0:
        try:
            number, answer = done.get(timeout=min(_LISTEN, left))
        except queue.Empty:
            continue
        if isinstance(answer, BaseException):
            raise answer
        return number, answer
    return None
