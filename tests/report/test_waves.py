from __future__ import annotations

import pytest

from rollback.core.expected import Expected
from rollback.model import Kind, Phase, Plan, Step
from rollback.report import waves
from tests.build import V1, V3, at

HOSTS = tuple(f"web{number}" for number in range(1, 101))


def _plan(*steps: Step, pause: float = 0.0, watch: float = 0.0) -> list[str]:
    return list(waves.lines(Plan(Kind.DEPLOY, V3, V1, steps, (), pause=pause, watch=watch)))


def _wave(*hosts: str, pause: bool = False) -> list[Step]:
    phases = (Phase.ACTIVATE, Phase.VERIFY, *((Phase.PAUSE,) if pause else ()))
    return [Step(phase, V3, hosts) for phase in phases]


def test_a_plan_says_how_long_it_waits_between_its_waves() -> None:
    steps = [*_wave("web1", pause=True), *_wave("web2", "web3"), Step(Phase.WATCH, V3, ("web1", "web2", "web3"))]
    assert _plan(*steps, pause=600, watch=60) == [
        "  1. activate, verify, pause web1 for 10 min 0 s",
        "  2. activate, verify        web2 web3",
        "  3. watch                   web1 web2 web3 for 1 min 0 s",
    ]


def test_of_many_waves_the_first_are_shown_and_the_others_counted() -> None:
    steps = [Step(Phase.UPLOAD, V3, HOSTS), *(step for host in HOSTS for step in _wave(host))]
    assert _plan(*steps) == [
        "  1.     upload             web1 web2 web3 web4 web5 web6 and 94 more",
        "  2.     activate, verify   web1",
        "  3.     activate, verify   web2",
        "  4.     activate, verify   web3",
        "  5-101. activate, verify   97 hosts more, 1 at most at a time",
    ]


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (None, []),
        (
            Expected(83.4, 7, "deploy v2", at(0)),
            ["  takes     about 1 min 23 s in 7 waves, by what was measured here before"],
        ),
        (Expected(3.21, 1, "deploy v2", at(0)), ["  takes     about 3.2 s, by what was measured here before"]),
    ],
)
def test_a_plan_says_how_long_it_takes_once_that_was_measured(expected: Expected | None, said: list[str]) -> None:
    assert list(waves.takes(expected)) == said
