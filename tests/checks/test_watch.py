from __future__ import annotations

from collections.abc import Iterator

import pytest

from rollback.checks.watch import Window, observe
from rollback.events import Event, Sampled
from rollback.model import Finding, Limits, Result
from rollback.playbook.settings import Watch
from tests.build import finding

RESULTS = {".": Result.PASS, "x": Result.FAIL, "?": Result.INCONCLUSIVE, "!": Result.ERROR}


class Rounds:
    """What each round finds, one character each; a round takes a second."""

    def __init__(self, found: str) -> None:
        self._found: Iterator[str] = iter(found)
        self.now, self.told = 0.0, list[Event]()

    def sample(self) -> tuple[Finding, ...]:
        self.now += 1
        return (finding(result=RESULTS[next(self._found)], second=self.now),)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def watched(self, limit: Limits = Limits(), excused: frozenset[str] = frozenset()) -> str:  # noqa: B008 - frozen
        """Samples for 20 s, every 5 s; what was kept."""
        window = Window(Watch(duration=20.0, interval=5.0), lambda: self.now, self.sleep, self.told.append)
        kept = observe(self.sample, {"login": limit}, excused, window)
        names = {result: name for name, result in RESULTS.items()}
        return "".join(names[one.result] for one in kept)


def test_it_goes_on_until_time_is_up_and_says_how_long_it_still_takes() -> None:
    rounds = Rounds("......")
    assert rounds.watched() == "."
    assert [event.left for event in rounds.told if isinstance(event, Sampled)] == [19, 14, 9, 4, 0]
    assert rounds.now == 21


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
