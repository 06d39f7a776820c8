from __future__ import annotations

from rollback.events import Sent
from rollback.report.transfer import Transfer


def test_it_shows_bytes_the_rate_and_the_time_that_is_left() -> None:
    now = [100.0]
    transfer = Transfer(lambda: now[0])
    assert transfer.line() == ""
    transfer.add(Sent("web1", 0, 60_000_000))
    transfer.add(Sent("web2", 0, 40_000_000))
    assert transfer.line() == "╌" * 24 + "   0 %  0.0 of 100.0 MB"
    now[0] += 10
    transfer.add(Sent("web1", 25_000_000, 60_000_000))
    assert transfer.line() == "━" * 6 + "╌" * 18 + "  25 %  25.0 of 100.0 MB  2.5 MB/s  30 s left"
    now[0] += 90
    assert transfer.line().endswith("  0.2 MB/s  5 min 0 s left")


def test_it_goes_when_all_is_sent_or_another_step_begins() -> None:
    transfer = Transfer()
    transfer.add(Sent("web1", 1, 2))
    transfer.add(Sent("web1", 2, 2))
    assert transfer.line() == ""
    transfer.add(Sent("web1", 1, 2))
    transfer.clear()
    assert transfer.line() == ""
