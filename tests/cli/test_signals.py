from __future__ import annotations

import os
import signal
import threading

import pytest

from rollback.cli.signals import Interrupted, Signals
from rollback.events import Event, Noticed

NOT_NOW = Noticed("not now: the hosts are being put in order first")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_interrupts_and_later_ones_are_answered(number: int) -> None:
    told: list[Event] = []
    with Signals(told.append) as signals:
        with pytest.raises(Interrupted) as interrupted:
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert (interrupted.value.signal, signals.last, told) == (number, number, [NOT_NOW])


def test_under_a_shield_it_is_answered_and_nothing_more() -> None:
    told: list[Event] = []
    with Signals(told.append) as signals, signals.shield():
        os.kill(os.getpid(), signal.SIGTERM)
    assert (signals.last, told) == (signal.SIGTERM, [NOT_NOW])


def test_a_signal_that_comes_while_a_line_is_written_does_not_wait_for_that_line() -> None:
    told: list[Event] = []
    writing = threading.Lock()

    def tell(event: Event) -> None:
        with writing:
            told.append(event)

    with Signals(tell) as signals, signals.shield(), writing:
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.last == signal.SIGINT
    assert told == [NOT_NOW]
