"""All checks of an environment together: who is asked what, from where, and what leaves the room."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rollback.model import Event, Finding, Found, Moved, Release, Result, View
from tests.build import V1, V2, V3
from tests.checks.world import App, Asked, Hosts, Page, World, closed_port, serving, told, world

PASS, FAIL, ERROR, SKIPPED = Result.PASS, Result.FAIL, Result.ERROR, Result.SKIPPED
NO_PREVIOUS = {"web1": None, "web2": None}
QUICK = "{min_healthy_time: 0s, healthy_deadline: 5s}"
VERSION = '  - {name: version, http: {path: /, port: 8000}, expect: {header: {X-Release: "{{release.tag}}"}}}'


def version(tag: str) -> Page:
    return Page(headers=(("X-Release", tag),))


def on(**apps: int) -> Hosts:
    return Hosts({(host, 8000): port for host, port in apps.items()})


def found(events: Sequence[Event]) -> list[Finding]:
    return [event.finding for event in events if isinstance(event, Found)]


def test_the_gate_asks_every_host_for_the_release_that_was_switched_to() -> None:
    with serving(lambda _: version("v2")) as new, serving(lambda _: version("v1")) as old:
        small = world(VERSION, fleet=on(web1=new.port, web2=old.port), hosts="[web1, web2, web3]", gate=QUICK)
        findings = small.checks.gate(V2, NO_PREVIOUS, ("web1", "web2"), View.HOST)
        assert [(f.host, *told(f)) for f in findings] == [
            ("web1", PASS, "GET / answered 200", ""),
            ("web2", FAIL, "GET / X-Release: v1", "X-Release: v2"),
        ]
        assert sorted(map(repr, found(small.events))) == sorted(map(repr, findings))


def test_one_host_that_never_comes_up_does_not_shorten_the_others_time() -> None:
    with serving(lambda _: version("v2")) as up, closed_port() as port:
        small = world(VERSION, fleet=on(web1=port, web2=up.port), hosts="[web1, web2]", gate=QUICK)
        findings = small.checks.gate(V2, NO_PREVIOUS, ("web1", "web2"), View.HOST)
        assert [(f.host, *told(f)) for f in findings] == [
            ("web1", FAIL, "not healthy within 5 s: connection refused", "an answer"),
            ("web2", PASS, "GET / answered 200", ""),
        ]
        assert Moved("web1", "verify", "not ready: connection refused") in small.events


def test_an_app_that_comes_up_late_passes_on_a_later_attempt() -> None:
    pages = [Page(503), Page(502), version("v2")]
    with serving(lambda _: pages.pop(0)) as app:
        small = world(VERSION, fleet=on(web1=app.port), gate=QUICK)
        (finding,) = small.checks.gate(V2, {}, ("web1",), View.HOST)
        assert (finding.result, finding.attempts) == (PASS, 3)


def test_a_gate_with_a_healthy_time_asks_again_and_hears_the_500_that_comes_later() -> None:
    pages = [version("v2"), version("v2"), Page(500)]
    with serving(lambda _: pages.pop(0)) as app:
        small = world(VERSION, fleet=on(web1=app.port), gate="{min_healthy_time: 5s, interval: 1s}")
        findings = small.checks.gate(V2, {}, ("web1",), View.HOST)
        assert [f.result for f in findings] == [PASS, PASS, FAIL]


BOTH = """
  - {name: pages, http: {path: /, port: 8000, via: both}, expect: {status: 200}}
  - {name: host only, command: 'true', expect: {exit_status: 0}}
  - {name: url only, http: {path: /users, via: url}, expect: {status: 200}}
  - {name: later, http: {path: /later, via: both}, expect: {status: 200}, phase: watch}
"""


def both(app: App, fleet: Hosts) -> World:
    return world(BOTH, fleet=fleet, url=f"http://127.0.0.1:{app.port}", hosts="[web1, web2]", gate=QUICK)


def test_each_view_asks_its_own_checks_and_the_url_is_asked_once() -> None:
    with serving(lambda _: Page()) as app:
        small = both(app, on(web1=app.port, web2=app.port))
        names = [(f.check, f.host) for f in small.checks.gate(V2, NO_PREVIOUS, ("web1", "web2"), View.HOST)]
        assert names == [("pages", "web1"), ("host only", "web1"), ("pages", "web2"), ("host only", "web2")]
        names = [(f.check, f.host) for f in small.checks.gate(V2, NO_PREVIOUS, ("web1", "web2"), View.URL)]
        assert names == [("pages", None), ("url only", None)]


def test_asked_once_every_check_is_asked_the_later_ones_too() -> None:
    with serving(lambda _: Page()) as app:
        fleet = Hosts({("web1", 8000): app.port, ("web1", 80): app.port})
        findings = both(app, fleet).checks.once({"web1": V2})
        assert [(f.check, f.host, f.result) for f in findings] == [
            ("pages", "web1", PASS),
            ("host only", "web1", PASS),
            ("later", "web1", PASS),
            ("pages", None, PASS),
            ("url only", None, PASS),
            ("later", None, PASS),
        ]


def test_a_view_has_something_to_ask_only_in_the_gate() -> None:
    later = "  - {name: later, http: {path: /, via: url}, expect: {status: 200}, phase: watch}\n" + VERSION
    small = world(later, url="http://127.0.0.1")
    assert (small.checks.has(View.HOST), small.checks.has(View.URL)) == (True, False)
    assert small.checks.gate(V2, {}, ("web1",), View.URL) == ()


def test_via_url_a_host_that_cannot_be_reached_fails_after_repetition() -> None:
    with closed_port() as port:
        small = world(
            "  - {name: users, http: {path: /, via: url}, expect: {status: 200}}",
            url=f"http://127.0.0.1:{port}",
            gate=QUICK,
        )
        (finding,) = small.checks.gate(V2, {}, ("web1",), View.URL)
        assert told(finding) == (FAIL, "not healthy within 5 s: connection refused", "an answer")


def test_via_ssh_a_host_that_cannot_be_reached_is_an_error() -> None:
    small = world(VERSION, fleet=Hosts(away={"web1"}), gate=QUICK)
    (finding,) = small.checks.gate(V2, {}, ("web1",), View.HOST)
    assert (*told(finding), finding.attempts) == (ERROR, "web1 does not answer", "an answer", 5)


PREVIOUS = '  - {name: back, http: {path: "/{{previous.tag}}/{{release.id}}", port: 8000}, expect: {status: 200}}'


def test_what_was_live_before_is_known_host_by_host() -> None:
    with serving(lambda _: Page()) as app:
        small = world(PREVIOUS, fleet=on(web1=app.port, web2=app.port), hosts="[web1, web2]", gate=QUICK)
        small.checks.gate(V3, {"web1": V1, "web2": V2}, ("web1", "web2"), View.HOST)
        assert sorted(asked.path for asked in app.asked) == [f"/v1/{V3.id}", f"/v2/{V3.id}"]


def test_a_question_about_the_release_before_is_skipped_when_there_was_none() -> None:
    small = world(PREVIOUS, gate=QUICK)
    (finding,) = small.checks.gate(V3, {"web1": None}, ("web1",), View.HOST)
    assert told(finding) == (SKIPPED, "no release was live here before", "")


@pytest.mark.parametrize(
    ("live", "result"), [({"web1": V2, "web2": V2}, PASS), ({"web1": V2, "web2": V1}, ERROR), ({"web1": V2}, PASS)]
)
def test_via_url_the_live_release_is_known_only_when_the_hosts_agree(live: dict[str, Release], result: Result) -> None:
    check = '  - {name: v, http: {path: /, via: url}, expect: {header: {X-Release: "{{release.tag}}"}}}'
    with serving(lambda _: version("v2")) as app:
        small = world(check, url=f"http://127.0.0.1:{app.port}", hosts="[web1, web2]")
        assert [f.result for f in small.checks.once(live)] == [result]


def test_every_case_is_a_finding_of_its_own_and_all_values_are_known() -> None:
    check = """
  - name: login
    severity: warn
    http: {path: "/{{user}}/{{page}}?e={{environment}}&h={{host.name}}&a={{app}}&u={{url}}", port: 8000}
    for_each: {user: [ada, "${EVE}"], page: ["{{release.tag}}"]}
    expect: {status: 200}
  - {name: required, command: 'true', expect: {exit_status: 0}}
"""
    with serving(lambda asked: Page(404 if "eve-secret" in asked.path else 200)) as app:
        small = world(check, fleet=on(web1=app.port), environ={"EVE": "eve-secret"}, url="http://shop.test/")
        assert [(f.case, f.result, f.required) for f in small.ask()] == [
            ("ada, {{release.tag}}", PASS, False),
            ("${EVE}, {{release.tag}}", FAIL, False),
            (None, PASS, True),
        ]
        query = "?e=production&h=web1&a=shop&u=http://shop.test"
        assert sorted(asked.path for asked in app.asked) == [f"/ada/v2{query}", f"/eve-secret/v2{query}"]


def test_nothing_live_is_nothing_to_ask() -> None:
    assert world(VERSION).checks.once({}) == ()


def test_the_incidents_release_is_noticed_in_the_first_round() -> None:
    """70 % of the users can't log in: the fixture users without a profile find it, whatever the others do."""
    login = """
  - name: login
    for_each: {user: [complete, no_profile, corrupt_profile]}
    http: {path: /login, port: 8000, method: post, form: {user: "{{user}}"}}
    expect: {status: 302}
"""

    def shop(asked: Asked) -> Page:
        return Page(302) if asked.form["user"] == "complete" else Page(500, "KeyError: 'profile'")

    with serving(shop) as app:
        small = world(login, fleet=on(web1=app.port))
        findings = small.checks.gate(V2, {"web1": V1}, ("web1",), View.HOST)
        assert [(f.case, *told(f), f.evidence) for f in findings] == [
            ("complete", PASS, "POST /login answered 302", "", ""),
            ("no_profile", FAIL, "POST /login answered 500", "302", "KeyError: 'profile'"),
            ("corrupt_profile", FAIL, "POST /login answered 500", "302", "KeyError: 'profile'"),
        ]
        assert small.clock.now == 1000.0
