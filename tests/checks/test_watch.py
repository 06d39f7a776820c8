from __future__ import annotations

from collections.abc import Iterator

import pytest

from rollback.checks.watch import Window, observe
from rollback.events import Event, Sampled
from rollback.model import Finding, Limits, Result
from tests.build import finding

RESULTS = {".": Result.PASS, "x": Result.FAIL, "?": Result.INCONCLUSIVE, "!": Result.ERROR}


class Rounds:
    """What each round finds, one character each; a round takes a second."""

    def __init__(self, found: str) -> None:
        self._found: Iterator[str] = iter(found)
        self.now, self.told, self.robbed = 0.0, list[Event](), 1000.0

    def sample(self) -> tuple[Finding, ...]:
        self.now += 1
        return (finding(result=RESULTS[next(self._found)], second=self.now),)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def watched(self, limit: Limits = Limits(), excused: frozenset[str] = frozenset()) -> str:  # noqa: B008 - frozen
        """Samples for 20 s, every 5 s; what was kept."""
        window = Window(20.0, 5.0, lambda: self.now, self.sleep, self.told.append, lambda: self.now >= self.robbed)
        kept = observe(self.sample, {"login": limit}, excused, window)
        names = {result: name for name, result in RESULTS.items()}
        return "".join(names[one.result] for one in kept)


def test_it_goes_on_until_time_is_up_and_says_how_long_it_still_takes() -> None:
    rounds = Rounds("......")
    assert rounds.watched() == ".."
    left = [event.left for event in rounds.told if isinstance(event, Sampled)]
    assert left == [*range(19, -1, -1), 0]
    assert [event.left for event in rounds.told if isinstance(event, Sampled) and event.findings] == [19, 14, 9, 4, 0]
    assert rounds.now == 21


def test_it_lasts_as_long_as_it_is_meant_to_and_is_asked_at_its_end() -> None:
    """A pause that is no longer than the time between two rounds, too."""
    rounds = Rounds("...")
    observe(rounds.sample, {}, frozenset(), Window(8.0, 8.0, lambda: rounds.now, rounds.sleep, rounds.told.append))
    assert [event.left for event in rounds.told if isinstance(event, Sampled) and event.findings] == [7, 0]


def test_who_has_lost_the_lease_waits_no_longer_than_a_moment() -> None:
    rounds = Rounds(".....")
    rounds.robbed = 8.0
    rounds.watched()
    assert rounds.now == 8


@pytest.mark.parametrize(
    ("found", "limit", "kept", "seconds"),
    [
        (".x", Limits(), ".x", 6),
        (".?", Limits(), ".?", 6),
        (".x.x.", Limits(failure=1), ".x.x", 16),
        (".x..x", Limits(failure=2), ".x.x", 21),
        (".xx", Limits(failure=None, consecutive_failure=1), ".xx", 11),
        ("!!", Limits(consecutive_error=1), "!!", 6),
        ("?....", Limits(inconclusive=1), "?.", 21),
    ],
)
def test_a_limit_that_is_passed_ends_it_at_once(found: str, limit: Limits, kept: str, seconds: float) -> None:
    rounds = Rounds(found)
    assert (rounds.watched(limit), rounds.now) == (kept, seconds)


def test_what_was_red_before_the_deploy_does_not_end_it() -> None:
    rounds = Rounds("xxxxx")
    rounds.watched(excused=frozenset({"login"}))
    assert rounds.now == 21
