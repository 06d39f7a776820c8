"""`load`: bursts on real servers, before and after a switch."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable

import pytest

from rollback.checks import load
from rollback.checks.burst import Burst
from rollback.model import Finding, Result, View
from tests.build import V1, V2
from tests.checks.world import App, Asked, Hosts, Page, closed_port, serving, told, world

PASS, FAIL, ERROR = Result.PASS, Result.FAIL, Result.ERROR
INCONCLUSIVE, SKIPPED = Result.INCONCLUSIVE, Result.SKIPPED
QUICK = "{min_healthy_time: 0s, healthy_deadline: 2s}"
Answer = Callable[[Asked], Page]


def check(app: App, limits: str, more: str = "requests: 40, concurrency: 4", timeout: str = "20s") -> str:
    return f"  - {{name: burst, timeout: {timeout}, load: {{path: /, port: {app.port}, {more}, {limits}}}}}"


def every(number: int, page: Page) -> Answer:
    """Every so many-th request gets that page; counted from the second, which is the first of a burst."""
    counter = itertools.count()
    return lambda _: page if next(counter) % number == 1 % number else Page()


def slow(seconds: float) -> Answer:
    def answer(_: Asked) -> Page:
        time.sleep(seconds)
        return Page()

    return answer


def after_a_switch(limits: str, before: Answer | None, after: Answer, *, live: bool = True) -> Finding:
    """A deploy of v2 over v1; before: what v1 answers; None: nobody listens."""
    with serving(before or after) as app, closed_port() as port:
        small = world(check(app, limits), gate=QUICK)
        if before is None:
            small.hosts.ports[("web1", app.port)] = port
        small.checks.before(V2, ("web1",), {"web1": V1} if live else {})
        small.hosts.ports.clear()
        app.answer = after
        (found,) = small.checks.gate(V2, {"web1": V1 if live else None}, ("web1",), View.HOST)
        return found


def test_a_burst_keeps_its_connections_and_asks_as_often_as_it_was_told() -> None:
    with serving(lambda _: Page()) as app:
        small = world(check(app, "error_ratio: {max: 0%}"))
        (found,) = small.ask()
        assert len(app.asked) == 41  # the first one finds out whether the app is up
        assert len(small.hosts.dialled) == 5
    assert found.result is PASS
    assert found.observed.startswith("no error in 40 requests (so below about 7.5%); p50 ")


def test_as_many_are_under_way_at_once_as_it_was_told() -> None:
    at_once = threading.Barrier(4)

    def together(asked: Asked) -> Page:
        if asked.headers["x-burst"] == "yes" and not first.is_set():
            first.set()
            return Page()
        at_once.wait(10)
        return Page()

    first = threading.Event()
    with serving(together) as app:
        more = "requests: 8, concurrency: 4, headers: {X-Burst: 'yes'}"
        assert [f.result for f in world(check(app, "p99: {max: 30s}", more, "60s")).ask()] == [PASS]


@pytest.mark.parametrize(
    ("page", "observed"),
    [
        (Page(500), "10 errors in 40 requests (25.0%; 500: 10)"),
        (Page(404), "10 errors in 40 requests (25.0%; 404: 10)"),
    ],
)
def test_errors_are_a_share_of_the_answers(page: Page, observed: str) -> None:
    with serving(every(4, page)) as app:
        found = world(check(app, "error_ratio: {max: 20%}", "requests: 40, concurrency: 1")).ask()
        assert [told(f) for f in found] == [(FAIL, observed, "at most 20%")]
    with serving(every(4, page)) as app:
        assert [f.result for f in world(check(app, "error_ratio: {max: 25%}")).ask()] == [PASS]


def test_quick_errors_are_no_good_latency() -> None:
    with serving(every(1, Page(500))) as app:
        assert [told(f) for f in world(check(app, "p95: {max: 10s}")).ask()] == [
            (FAIL, "none of 40 requests was answered well (500: 40)", "an answer below 400")
        ]


def test_an_app_that_is_not_up_yet_is_waited_for() -> None:
    pages = [Page(503), Page(502)]
    with serving(lambda _: pages.pop(0) if pages else Page()) as app:
        (found,) = world(check(app, "error_ratio: {max: 0%}")).ask()
        assert (found.result, found.attempts, len(app.asked)) == (PASS, 3, 43)


def test_an_app_that_is_away_fails_and_a_host_that_is_away_is_an_error() -> None:
    with closed_port() as port:
        burst = f"  - {{name: burst, load: {{path: /, port: {port}, error_ratio: {{max: 0%}}}}}}"
        (found,) = world(burst).ask()
        assert (*told(found), found.attempts) == (FAIL, "connection refused", "an answer", 3)
        (found,) = world(burst, fleet=Hosts(away={"web1"})).ask()
        assert told(found) == (ERROR, "web1 does not answer", "an answer")


def test_the_users_view_is_asked_at_its_url() -> None:
    with serving(lambda _: Page()) as app:
        burst = "  - {name: burst, load: {path: /x, via: url, requests: 4, method: HEAD, error_ratio: {max: 0%}}}"
        (found,) = world(burst, url=f"http://127.0.0.1:{app.port}/shop").ask()
        assert (found.host, found.result) == (None, PASS)
        assert {(asked.method, asked.path) for asked in app.asked} == {("HEAD", "/shop/x")}


def test_a_burst_that_is_too_long_for_its_time_is_inconclusive_unless_it_shows_enough() -> None:
    with serving(slow(0.05)) as app:
        (found,) = world(check(app, "error_ratio: {max: 0%}", "requests: 400, concurrency: 2", "1s")).ask()
        assert (found.result, found.expected) == (INCONCLUSIVE, "all of them: allow a longer timeout or ask for fewer")
        assert found.observed.endswith("of 400 requests were sent in half of the timeout")
        (found,) = world(check(app, "p50: {max: 10ms}", "requests: 400, concurrency: 2", "1s")).ask()
        assert (found.result, found.expected) == (FAIL, "at most 10 ms")


def test_requests_that_hang_are_errors_and_do_not_hang_the_check() -> None:
    counter = itertools.count()

    def hangs(_: Asked) -> Page:
        if next(counter) % 4 == 3:
            time.sleep(2)
        return Page()

    with serving(hangs) as app:
        begun = time.monotonic()
        (found,) = world(check(app, "error_ratio: {max: 1%}", "requests: 100, concurrency: 4", "1s")).ask()
        assert found.result is FAIL
        assert "no answer: " in found.observed
        assert time.monotonic() - begun < 2


ERRORS = "error_ratio: {increase: {ratio: 100%, difference: 5%}}"
P50 = "p50: {increase: {ratio: 100%, difference: 50ms}}"


def test_an_increase_of_errors_is_told_with_the_baseline_and_how_likely_it_is_by_chance() -> None:
    found = after_a_switch(ERRORS, lambda _: Page(), every(2, Page(500)))
    assert told(found) == (
        FAIL,
        "20 errors in 40 requests (50.0%; 500: 20); before no error in 40 requests (so below about 7.5%); "
        "by chance alone p = 3.9e-08 (Fisher)",
        "at most 100% or 5% more than before",
    )


@pytest.mark.parametrize(
    ("limits", "before", "after", "result"),
    [
        (ERRORS, every(2, Page(500)), every(2, Page(500)), PASS),
        (ERRORS, every(5, Page(500)), every(3, Page(500)), PASS),  # a larger difference, not twice as many
        (ERRORS, every(10_000, Page(500)), every(10_000, Page()), PASS),
        (P50, slow(0.001), slow(0.02), PASS),  # many times as long, but only by 20 ms
        (P50, slow(0.001), slow(0.12), FAIL),
        (P50, slow(0.12), slow(0.15), PASS),
        ("p50: {max: 10ms, increase: {ratio: 1000%, difference: 9s}}", slow(0.001), slow(0.05), FAIL),
    ],
)
def test_an_increase_counts_when_it_is_large_both_ways(
    limits: str, before: Answer, after: Answer, result: Result
) -> None:
    assert after_a_switch(limits, before, after).result is result


def test_an_increase_of_latency_says_both_and_of_how_many() -> None:
    found = after_a_switch(P50, slow(0.0), slow(0.1))
    assert found.result is FAIL
    assert re.match(r"p50 1\d\d ms", found.observed)  # 100 ms, and what the machine adds
    assert " of 40 answers, before " in found.observed
    assert found.expected == "at most 100% or 50 ms more than before"
    assert [line.split(":")[0] for line in found.evidence.splitlines()] == ["now", "before"]


def test_without_a_baseline_the_increase_is_not_compared_and_that_is_said() -> None:
    why = "not compared: no other release was measured before it"
    assert told(after_a_switch(P50, slow(0), slow(0), live=False)) == (SKIPPED, why, "")
    both = f"error_ratio: {{max: 0%}}, {P50}"
    found = after_a_switch(both, None, slow(0))
    assert (found.result, found.observed.endswith("; not compared: connection refused")) == (PASS, True)
    found = after_a_switch(both, slow(0), slow(0), live=False)
    assert (found.result, "not compared" in found.observed) == (PASS, False), "there was nothing to compare with"
    assert told(after_a_switch(P50, None, slow(0))) == (INCONCLUSIVE, "not compared: connection refused", "")
    broken = after_a_switch(P50, every(1, Page(500)), slow(0))
    assert told(broken) == (SKIPPED, "not compared: nothing was answered well before", "")


def test_a_way_back_is_not_compared() -> None:
    with serving(slow(0.001)) as app:
        small = world(check(app, P50), gate=QUICK)
        small.checks.before(V2, ("web1",), {"web1": V1})
        asked = len(app.asked)
        small.checks.before(V1, ("web1",), {})
        assert len(app.asked) == asked
        app.answer = slow(0.1)
        (found,) = small.checks.gate(V1, {"web1": V1}, ("web1",), View.HOST)
        assert found.result is SKIPPED


def test_the_users_view_is_compared_with_what_was_there_before_the_first_wave() -> None:
    with serving(slow(0.0)) as app:
        burst = (
            f"  - {{name: burst, timeout: 30s, load: {{path: /, via: both, port: {app.port}, requests: 20, {P50}}}}}"
        )
        small = world(burst, url=f"http://127.0.0.1:{app.port}", hosts="[web1, web2]", gate=QUICK)
        small.checks.before(V2, ("web1",), {"web1": V1})
        app.answer = slow(0.1)  # the first host runs v2 now, and is slow
        small.checks.before(V2, ("web2",), {"web2": V1})
        findings = small.checks.gate(V2, {"web2": V1}, ("web2",), View.URL)
        assert [(f.host, f.result) for f in findings] == [(None, FAIL)]


def test_baselines_of_one_place_are_measured_one_after_the_other() -> None:
    with serving(lambda _: Page()) as app:
        one = check(app, P50, "requests: 8, concurrency: 1")
        small = world(f"{one}\n{one.replace('burst', 'more').replace('path: /', 'path: /more')}", gate=QUICK)
        small.checks.before(V2, ("web1",), {"web1": V1})
        assert [asked.path for asked in app.asked] == [*["/"] * 9, *["/more"] * 9]


def test_the_watch_sends_no_bursts_unless_it_is_said() -> None:
    for phase, sent in (("", 0), (", phase: [gate, watch]", 6)):
        check = f"  - {{name: burst, load: {{path: /, port: 8000, requests: 5, error_ratio: {{max: 1%}}}}{phase}}}"
        with serving(lambda _: Page()) as app:
            small = world(
                check.replace("requests: 5", "requests: 5, concurrency: 1"), fleet=Hosts({("web1", 8000): app.port})
            )
            small.checks.sample({"web1": V2})
            assert len(app.asked) == sent


def test_percentiles_are_by_nearest_rank() -> None:
    hundred = Burst(tuple(n / 1000 for n in range(1, 101)), {}, 100)
    assert [hundred.percentile(p) for p in (50, 95, 99)] == [0.05, 0.095, 0.099]
    assert [Burst((0.1,), {}, 1).percentile(p) for p in (50, 95, 99)] == [0.1, 0.1, 0.1]
    assert Burst((), {"500": 3}, 3).percentile(50) is None
    assert load._summary(Burst((), {}, 3)) == "no request"
