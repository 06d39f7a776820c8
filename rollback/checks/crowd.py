"""Several hosts asked at once, each in a thread of its own. It knows nothing of what is asked.

The threads are daemons and are never joined: a person who presses Ctrl-C is heard within a fifth of a second, even when
a host is silent. What such a thread still learns afterwards is thrown away.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Place = TypeVar("Place")
Answer = TypeVar("Answer")

_WIDTH = 64
_LISTEN = 0.2  # seconds; a longer wait would hold up a signal


def concurrently(
    work: Callable[[Place, threading.Event], Answer], places: Sequence[Place], width: int = _WIDTH
) -> tuple[Answer, ...]:
    """What `work` answers for each place, in the order of the places; `work` gives up when its event is set.

    Raises what `work` raised first; the others are then told to give up.
    """
    waiting: queue.SimpleQueue[tuple[int, Place]] = queue.SimpleQueue()
    for numbered in enumerate(places):
        waiting.put(numbered)
    done: queue.SimpleQueue[tuple[int, Answer | BaseException]] = queue.SimpleQueue()
    stop = threading.Event()
    try:
        for _ in range(min(width, len(places))):
            threading.Thread(target=_labour, args=(work, waiting, done, stop), daemon=True, name="check").start()
        answers = dict(_heard(done) for _ in places)
    finally:
        stop.set()
    return tuple(answers[number] for number in range(len(places)))


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


def _heard(done: queue.SimpleQueue[tuple[int, Answer | BaseException]]) -> tuple[int, Answer]:
    while True:
        try:
            number, answer = done.get(timeout=_LISTEN)
        except queue.Empty:
            continue
        if isinstance(answer, BaseException):
            raise answer
        return number, answer
