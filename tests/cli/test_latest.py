"""What takes long is shown as it was until it is made anew, and a failure is told to whoever asks next."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rollback.cli.latest import Latest
from rollback.errors import Refused


class Slow:
    """Made only when it is let."""

    def __init__(self) -> None:
        self.key, self.fault, self.calls = 0, "", 0
        self.let = threading.Event()
        self.let.set()

    def make(self) -> int:
        self.calls += 1
        assert self.let.wait(10)
        if self.fault:
            raise Refused(self.fault)
        return self.key


def until(true: Callable[[], bool]) -> None:
    end = threading.Event()
    for _ in range(1000):
        if true():
            return
        end.wait(0.01)
    raise AssertionError("it never came")


def test_the_last_value_is_shown_until_the_next_is_made_once() -> None:
    slow = Slow()
    latest = Latest(lambda: slow.key, slow.make)
    assert (latest.version, latest.value(), latest.version) == (None, 0, 0)
    slow.key = 1
    slow.let.clear()
    assert [latest.value() for _ in range(5)] == [0] * 5
    slow.let.set()
    until(lambda: latest.version == 1)
    assert (latest.value(), slow.calls) == (1, 2)


def test_what_could_not_be_made_is_made_for_whoever_asks_next_who_hears_why() -> None:
    slow = Slow()
    latest = Latest(lambda: slow.key, slow.make)
    assert latest.value() == 0
    slow.key, slow.fault = 1, "the ledger is away"
    latest.value()
    until(lambda: latest.version is None)
    with pytest.raises(Refused, match="the ledger is away"):
        latest.value()
    slow.fault = ""
    assert latest.value() == 1
