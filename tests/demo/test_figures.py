"""What is said of the incident is what the records say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollback.demo import figures
from rollback.demo.figures import Figures
from rollback.demo.load import Answer, Count, counted

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def after(seconds: float) -> str:
    return (AT + timedelta(seconds=seconds)).isoformat()


def activation(tag: str, *hosts: str, phase: str = "activate") -> dict[str, Any]:
    return {"fact": {"step": {"phase": phase, "release": {"tag": tag}, "hosts": list(hosts)}}}


def test_the_times_are_the_records_own_and_the_canary_is_seen() -> None:
    times = {
        "switched": after(0),
        "failing": after(2),
        "decided": after(2.5),
        "restored": after(4),
        "verified": after(7),
    }
    records = [
        {"fact": {"target": {"tag": "v3"}}},
        {"fact": {"step": None, "findings": []}},
        activation("v3", "web1", "web2", phase="prepare"),
        activation("v3", "web1"),
        activation("v2", "web1"),
    ]
    told = figures.read({"times": {"started": after(-9), **times, "ended": None}, "records": records}, "v3")
    seconds = {"detect": 2.0, "decide": 0.5, "execute": 1.5, "verify": 3.0}
    assert told == Figures({part: timedelta(seconds=n) for part, n in seconds.items()}, ("web1",))
    assert (told.whole, told.restored) == (timedelta(seconds=7), timedelta(seconds=5))


def test_times_that_are_not_there_are_not_made_up() -> None:
    told = figures.read({"times": {"switched": after(0), "failing": None}, "records": [activation("v3", "web1")]}, "v3")
    assert told == Figures({}, ("web1",))


def test_the_incident_took_two_and_a_half_hours() -> None:
    assert figures.spoken(sum(figures.INCIDENT.values(), timedelta())) == "2 h 30 min"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0.0 s"), (0.44, "0.4 s"), (60, "1 min"), (3599, "1 h 0 min"), (9000, "2 h 30 min")]
)
def test_times_are_spoken(seconds: float, said: str) -> None:
    assert figures.spoken(timedelta(seconds=seconds)) == said


def test_answers_are_counted_by_host_and_release() -> None:
    answers = (
        Answer(AT, "tim", "GET /login", 200, 200, "web1", "v1"),
        Answer(AT, "tim", "POST /login", 500, 302, "web2", "v2"),
        Answer(AT, "tim", "GET /login", 200, 200, "web2", "v1"),
        Answer(AT, "anna", "GET /me", None, 200, trouble="ConnectError: refused"),
    )
    assert counted(answers) == Count(
        4, 2, {"web2": 1, "no host": 1}, {"v1": frozenset({"web1", "web2"}), "v2": frozenset({"web2"})}
    )
