"""The gate's rules, with scripted answers and a clock that only sleeping moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from rollback.checks.gate import Pace, Reply, answer, stand
from rollback.core.judge import judge
from rollback.model import Finding, Grade, Limits, Result
from rollback.playbook.settings import Gate
from tests.build import finding
from tests.checks.world import Clock

GATE = Gate(min_healthy_time=2.0, healthy_deadline=10.0, interval=1.0)
UP = Reply(finding("login"), True)
WRONG = Reply(replace(finding("login", Result.FAIL), observed="answered 500"), True)
DOWN = Reply(replace(finding("login", Result.FAIL), observed="connection refused"), False)
AWAY = Reply(replace(finding("login", Result.ERROR), observed="web1 does not answer"), False)
NO_SECRET = Reply(replace(finding("login", Result.ERROR), observed="PASSWORD is not set"), True)


def named(reply: Reply, check: str) -> Reply:
    return replace(reply, finding=replace(reply.finding, check=check))


def warned(reply: Reply) -> Reply:
    return replace(reply, finding=replace(reply.finding, required=False))


class Script:
    """Answers round by round; the last round's stay."""

    def __init__(self, *rounds: tuple[Reply, ...], takes: float = 0.0) -> None:
        self.rounds, self.takes, self.clock = list(rounds), takes, Clock()
        self.asked: list[float] = []

    def ask(self) -> tuple[Reply, ...]:
        self.asked.append(self.clock.now - 1000)
        self.clock.sleep(self.takes)
        return self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]

    def pace(self, gate: Gate = GATE, stopped: Callable[[], bool] = lambda: False) -> Pace:
        return Pace(gate, self.clock, self.clock.sleep, stopped)

    def stand(
        self, limits: Mapping[str, Limits] | None = None, gate: Gate = GATE
    ) -> list[tuple[str, Result, str, int]]:
        found = stand(self.ask, limits or {}, self.pace(gate))
        return [(f.check, f.result, f.observed, f.attempts) for f in found]


def test_what_is_healthy_at_once_is_asked_at_every_interval_of_the_healthy_time() -> None:
    script = Script((UP,))
    assert script.stand() == [("login", Result.PASS, "pass", 1)]
    assert script.asked == [0, 1, 2]


def test_without_a_healthy_time_one_good_round_is_enough() -> None:
    script = Script((UP,))
    assert script.stand(gate=Gate(min_healthy_time=0.0)) == [("login", Result.PASS, "pass", 1)]
    assert script.asked == [0]


def test_a_refused_connection_is_waited_out_and_the_attempts_are_counted() -> None:
    script = Script((DOWN,), (DOWN,), (UP,))
    assert script.stand() == [("login", Result.PASS, "pass", 3)]
    assert script.asked == [0, 1, 2, 3, 4]


def test_a_wrong_answer_ends_it_and_is_never_asked_again() -> None:
    script = Script((WRONG,), (UP,))
    assert script.stand() == [("login", Result.FAIL, "answered 500", 1)]
    assert script.asked == [0]


def test_a_wrong_answer_after_the_first_good_ones_ends_it_with_all_that_was_answered() -> None:
    script = Script((UP,), (WRONG,))
    assert script.stand() == [("login", Result.PASS, "pass", 1), ("login", Result.FAIL, "answered 500", 1)]


def test_what_never_answers_is_not_healthy_at_the_deadline() -> None:
    script = Script((DOWN,))
    assert script.stand() == [("login", Result.FAIL, "not healthy within 10 s: connection refused", 11)]
    assert script.asked[-1] == 10


def test_an_app_that_goes_away_again_starts_its_healthy_time_anew() -> None:
    script = Script((UP,), (UP,), (DOWN,), (UP,))
    assert script.stand() == [("login", Result.PASS, "pass", 2)]
    assert script.asked == [0, 1, 2, 3, 4, 5]


def test_an_app_that_comes_and_goes_fails_at_the_deadline() -> None:
    script = Script(*[(UP,), (DOWN,)] * 6)
    assert script.stand() == [("login", Result.FAIL, "not healthy within 10 s: connection refused", 6)]


def test_an_app_that_comes_up_just_before_the_deadline_still_gets_its_healthy_time() -> None:
    script = Script(*[(DOWN,)] * 10, (UP,))
    assert script.stand() == [("login", Result.PASS, "pass", 11)]
    assert script.asked[-1] == 12


def test_an_interval_runs_from_the_beginning_of_a_round_to_the_next() -> None:
    script = Script((UP,), takes=0.75)
    script.stand()
    assert script.asked == [0, 1, 2]


def test_a_round_that_takes_longer_than_the_interval_is_followed_at_once() -> None:
    script = Script((UP,), takes=1.5)
    script.stand()
    assert script.asked == [0, 1.5, 3]


def test_a_failure_within_its_limit_is_told_and_does_not_end_it() -> None:
    script = Script((WRONG,), (UP,))
    found = script.stand({"login": Limits(failure=1)})
    assert found == [
        ("login", Result.FAIL, "answered 500", 1),
        ("login", Result.PASS, "pass", 1),
        ("login", Result.PASS, "pass", 1),
    ]


def test_a_limit_that_is_passed_ends_it() -> None:
    script = Script((WRONG,), (UP,), (WRONG,), (UP,))
    found = script.stand({"login": Limits(failure=1)})
    assert [result for _, result, *_ in found] == [Result.FAIL, Result.PASS, Result.FAIL]


def test_a_warning_neither_ends_it_nor_is_waited_for() -> None:
    script = Script((UP, warned(named(WRONG, "slow page")), warned(named(DOWN, "sidecar"))))
    found = script.stand()
    assert found[0] == ("login", Result.PASS, "pass", 1)
    assert {f[:3] for f in found[1:]} == {
        ("slow page", Result.FAIL, "answered 500"),
        ("sidecar", Result.FAIL, "connection refused"),
    }
    assert script.asked == [0, 1, 2]


def test_what_is_not_healthy_at_the_deadline_is_over_every_limit() -> None:
    (found,) = stand((script := Script((DOWN,))).ask, {"login": Limits(failure=3)}, script.pace())
    assert (found.result, found.final) == (Result.FAIL, True)
    assert judge([found], {"login": Limits(failure=3)}).grade is Grade.BAD


def test_without_a_healthy_time_a_tolerated_failure_is_asked_again_all_the_same() -> None:
    script = Script((WRONG,), (UP,))
    found = script.stand({"login": Limits(failure=1)}, Gate(min_healthy_time=0.0))
    assert [result for _, result, *_ in found] == [Result.FAIL, Result.PASS]


def test_it_does_not_end_on_a_tolerated_failure_but_asks_until_the_deadline() -> None:
    script = Script((UP,), (UP,), (WRONG,))
    found = script.stand({"login": Limits(failure=None, consecutive_failure=99)})
    assert script.asked[-1] == 10
    assert [result for _, result, *_ in found][-3:] == [Result.FAIL] * 3


def test_what_was_red_before_ends_nothing_and_is_not_waited_for() -> None:
    script = Script((UP, named(WRONG, "pay"), named(DOWN, "search")), (UP, named(WRONG, "pay")))
    found = stand(script.ask, {}, script.pace(), frozenset({"pay", "search"}))
    assert script.asked == [0, 1, 2]
    assert {f.check for f in found if f.result is Result.PASS} == {"login"}


def test_what_was_still_waited_for_when_another_failed_is_no_failure() -> None:
    script = Script((WRONG, named(DOWN, "port")))
    assert script.stand() == [
        ("login", Result.FAIL, "answered 500", 1),
        ("port", Result.INCONCLUSIVE, "not ready yet: connection refused", 1),
    ]


def test_a_host_that_cannot_be_asked_is_an_error_once_its_limit_is_passed() -> None:
    script = Script((AWAY,))
    assert script.stand() == [("login", Result.ERROR, "web1 does not answer", 5)]
    assert script.asked == [0, 1, 2, 3, 4]


def test_a_host_that_cannot_be_asked_until_the_deadline_is_an_error() -> None:
    script = Script((AWAY,))
    found = script.stand({"login": Limits(consecutive_error=100)})
    assert found == [("login", Result.ERROR, "not asked within 10 s: web1 does not answer", 11)]


def test_a_host_that_can_be_asked_again_passes_with_its_attempts() -> None:
    assert Script((AWAY,), (AWAY,), (UP,)).stand() == [("login", Result.PASS, "pass", 3)]


def test_that_one_could_not_ask_says_nothing_of_the_app_and_starts_no_healthy_time_anew() -> None:
    script = Script((UP,), (AWAY,), (UP,))
    assert script.stand() == [("login", Result.PASS, "pass", 2)]
    assert script.asked == [0, 1, 2]


def test_it_does_not_end_while_one_can_not_ask() -> None:
    script = Script((UP,), (UP,), (AWAY,), (AWAY,), (UP,))
    assert script.stand() == [("login", Result.PASS, "pass", 3)]
    assert script.asked == [0, 1, 2, 3, 4]


def test_an_app_that_went_away_is_not_taken_for_healthy_because_one_can_not_ask_then() -> None:
    script = Script((UP,), (DOWN,), (AWAY,), (UP,))
    script.stand()
    assert script.asked == [0, 1, 2, 3, 4, 5]


def test_a_question_that_can_never_be_put_holds_up_nobody() -> None:
    script = Script((UP, named(NO_SECRET, "pay")))
    assert script.stand() == [
        ("login", Result.PASS, "pass", 1),
        ("pay", Result.ERROR, "PASSWORD is not set", 1),
    ]
    assert script.asked == [0, 1, 2]


def test_what_is_handed_on_is_bounded() -> None:
    gate = Gate(min_healthy_time=500.0, healthy_deadline=600.0, interval=1.0)
    found = Script((WRONG,)).stand({"login": Limits(failure=None)}, gate)
    assert found == [("login", Result.FAIL, "answered 500", 1)] * 20


def test_it_ends_when_nobody_waits_for_it() -> None:
    script = Script((DOWN,))
    stand(script.ask, {}, script.pace(stopped=lambda: True))
    assert script.asked == [0]


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        ([UP], (Result.PASS, 1)),
        ([WRONG, UP], (Result.FAIL, 1)),
        ([DOWN, UP], (Result.PASS, 2)),
        ([DOWN, WRONG], (Result.FAIL, 2)),
        ([DOWN], (Result.FAIL, 3)),
        ([AWAY], (Result.ERROR, 3)),
    ],
)
def test_asked_once_only_the_missing_answer_is_asked_for_again(
    rounds: list[Reply], expected: tuple[Result, int]
) -> None:
    script = Script(*((one,) for one in rounds))
    found: Finding = answer(lambda: script.ask()[0], script.pace())
    assert (found.result, found.attempts) == expected


@pytest.mark.parametrize(
    ("rounds", "expected", "grade"),
    [
        ([WRONG, UP], (Result.PASS, 2), Grade.GOOD),
        ([WRONG, DOWN, WRONG, UP], (Result.PASS, 4), Grade.GOOD),
        ([WRONG], (Result.FAIL, 3), Grade.BAD),
        ([DOWN], (Result.FAIL, 3), Grade.BAD),
        ([NO_SECRET], (Result.ERROR, 1), Grade.UNKNOWN),
    ],
)
def test_asked_once_a_failure_is_asked_about_again_as_often_as_it_is_tolerated(
    rounds: list[Reply], expected: tuple[Result, int], grade: Grade
) -> None:
    script, limits = Script(*((one,) for one in rounds)), Limits(failure=None, consecutive_failure=2)
    found = answer(lambda: script.ask()[0], script.pace(), limits)
    assert (found.result, found.attempts) == expected
    assert judge([found], {"login": limits}).grade is grade
