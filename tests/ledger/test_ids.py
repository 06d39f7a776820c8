"""Ids are asked for in an order, and sort in that order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from ulid import ULID

from rollback.ledger.ids import AHEAD, Ids


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def ascending(ids: list[str]) -> bool:
    return all(before < after for before, after in pairwise(ids))


def test_ids_of_one_millisecond_ascend() -> None:
    ids = Ids(Clock(1_000))
    assert ascending([ids.next() for _ in range(1_000)])


def test_ids_ascend_when_the_clock_is_set_back() -> None:
    clock = Clock(1_000_000)
    ids = Ids(clock)
    found = []
    for moment in (1_000_000, 999_000, 5, 1_000_001, 1_000_000):
        clock.now = moment
        found += [ids.next(), ids.next()]
    assert ascending(found)


def test_each_thread_sees_its_own_ids_ascend_and_none_twice() -> None:
    ids = Ids()
    with ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(lambda _: [ids.next() for _ in range(500)], range(4)))
    assert all(map(ascending, threads))
    assert len({one for thread in threads for one in thread}) == 2_000


def test_an_answer_sorts_after_what_it_answers_though_our_clock_lags() -> None:
    ahead = Ids(Clock(1_000_000 + 300_000)).next()
    ids = Ids(Clock(1_000_000))
    ids.after(ahead)
    assert ids.next() > ahead


def test_a_record_from_the_far_future_does_not_drag_us_along() -> None:
    ids = Ids(Clock(1_000_000))
    ids.after(str(ULID.from_timestamp((1_000_000 + AHEAD + 1) / 1000)))
    assert ULID.from_str(ids.next()).milliseconds == 1_000_000
