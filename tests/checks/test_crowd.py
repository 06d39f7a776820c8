"""Many at once: the answers in order, the first trouble raised, and nobody waited for after an interruption."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from rollback.checks.crowd import concurrently, in_time


def test_answers_come_in_the_order_of_the_places() -> None:
    gates = [threading.Event() for _ in range(3)]

    def work(place: int, _: threading.Event) -> int:
        if place < 2:
            gates[place + 1].wait()  # the last place answers first
        gates[place].set()
        return place * 10

    assert concurrently(work, (0, 1, 2)) == (0, 10, 20)


def test_no_more_than_the_width_are_at_work() -> None:
    lock, at_work, most = threading.Lock(), [0], [0]

    def work(_: int, __: threading.Event) -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        threading.Event().wait(0.005)
        with lock:
            at_work[0] -= 1

    concurrently(work, range(20), width=3)
    assert most[0] <= 3


def test_who_does_not_answer_in_time_is_not_waited_for_and_told_to_give_up() -> None:
    told = threading.Event()

    def work(place: str, stop: threading.Event) -> str:
        if place == "slow" and stop.wait(30):
            told.set()
        return place

    assert in_time(work, ("quick", "slow", "quick"), 0.1) == ("quick", None, "quick")
    assert told.wait(30)
    assert in_time(work, (), 30) == ()


def test_nothing_to_ask_is_no_answers() -> None:
    assert concurrently(lambda place, _: place, ()) == ()


def test_what_goes_wrong_in_a_thread_is_raised_and_the_others_are_told_to_give_up() -> None:
    told = threading.Event()

    def work(place: str, stop: threading.Event) -> None:
        if place == "web1":
            raise ZeroDivisionError
        if stop.wait(30):
            told.set()

    with pytest.raises(ZeroDivisionError):
        concurrently(work, ("web1", "web2"))
    assert told.wait(30)


def test_an_interruption_does_not_wait_for_a_silent_host() -> None:
    answered, told = threading.Event(), threading.Event()

    def work(_: str, stop: threading.Event) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        if not answered.wait(30):
            return
        if stop.is_set():
            told.set()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            concurrently(work, ("web1",))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not answered.is_set()
    answered.set()
    assert told.wait(30)
