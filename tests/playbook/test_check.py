"""What a check says of itself: its limits, its views, its cases."""

from __future__ import annotations

import pytest

from rollback.model import Limits, View
from rollback.playbook.check import Check
from tests.playbook.written import GOOD, read

WITH_URL = GOOD.replace(
    "[web1]", "[web1]\n    url: https://shop.example.com\n    verify: {gate: {min_healthy_time: 9s}}"
)


def check(kind: str) -> Check:
    return read(WITH_URL + f"  - name: other\n    {kind}\n").checks[1]


@pytest.mark.parametrize(
    ("written", "limits"),
    [
        ("", Limits()),
        ("failure_limit: 2", Limits(failure=2)),
        ("consecutive_failure_limit: 1", Limits(failure=None, consecutive_failure=1)),
        ("failure_limit: 3\n    consecutive_failure_limit: 1", Limits(failure=3, consecutive_failure=1)),
        ("inconclusive_limit: 1\n    consecutive_error_limit: 0", Limits(inconclusive=1, consecutive_error=0)),
    ],
)
def test_a_limit_in_a_row_alone_lifts_the_one_all_in_all(written: str, limits: Limits) -> None:
    assert check(f"running: {{}}\n    {written}").limits == limits


@pytest.mark.parametrize(
    ("kind", "views"),
    [
        ("running: true", (View.HOST,)),
        ("tcp: {port: 1, via: both}", (View.HOST, View.URL)),
        ("http: {url: 'https://x'}\n    expect: {status: 200}", (View.URL,)),
        ("http: {path: /}\n    expect: {status: 200}", (View.HOST,)),
        ("via: url\n    flow: {request: {get: /}, expect: {status: 200}}", (View.URL,)),
        ("command: 'true'\n    expect: {exit_status: 0}", (View.HOST,)),
        ("exec: {run: make, preset: k6}", (View.URL,)),
    ],
)
def test_a_check_knows_from_where_it_is_asked(kind: str, views: tuple[View, ...]) -> None:
    assert check(kind).views == views


def test_a_burst_is_for_the_gate_unless_it_is_said_to_be_for_the_watch_too() -> None:
    load = "load: {path: /, error_ratio: {max: 1%}}"
    assert check(load).phase == ("gate",)
    assert check(f"{load}\n    phase: [gate, watch]").phase == ("gate", "watch")
    assert check("running: {}").phase == ("gate", "watch")


def test_every_combination_of_for_each_is_a_case() -> None:
    two = check("running: {}\n    for_each: {user: [a, b], lang: en}")
    assert two.cases == ({"user": "a", "lang": "en"}, {"user": "b", "lang": "en"})
    assert check("running: {}").cases == ({},)


def test_a_step_of_a_flow_knows_its_method_and_path() -> None:
    flow = check("flow: [{request: {delete: /session}, expect: {status: 204}}]").flow
    assert [(step.request.method, step.request.path) for step in flow or ()] == [("DELETE", "/session")]
