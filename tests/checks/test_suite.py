"""All checks of an environment together: who is asked what, from where, and what leaves the room."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from rollback.errors import Unreachable
from rollback.events import Event, Found, Moved
from rollback.model import Finding, Release, Result, View
from tests.build import V1, V2, V3
from tests.checks.world import App, Asked, Hosts, Page, Ran, World, closed_port, serving, told, world

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


USERS = """
  - {name: alive, command: 'true', expect: {exit_status: 0}}
  - {name: users, http: {path: /, via: url}, expect: {status: 200}}
"""


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("http: {path: /, via: url}, expect: {status: 200}", "connection refused"),
        ("flow: [{request: {get: /me}, expect: {status: 200}}], via: url", "GET /me: connection refused"),
        ("tcp: {port: PORT, via: url}", "port PORT: connection refused"),
        ("load: {path: /, via: url, requests: 2, concurrency: 1, error_ratio: {max: 0%}}", "connection refused"),
    ],
)
def test_a_url_that_nobody_reaches_while_its_hosts_answer_is_not_the_releases_failure(kind: str, refused: str) -> None:
    with serving(lambda _: version("v2")) as app, closed_port() as port:
        checks = f"{VERSION}\n  - {{name: users, {kind.replace('PORT', str(port))}}}"
        fleet = on(web1=app.port, web2=app.port)
        small = world(checks, fleet=fleet, url=f"http://127.0.0.1:{port}", hosts="[web1, web2]", gate=QUICK)
        said = (
            f"{refused.replace('PORT', str(port))}, though asked directly web1 web2 answered: is the load balancer up?"
        )
        (gated,) = small.checks.gate(V2, {}, ("web1", "web2"), View.URL)
        assert (gated.result, gated.observed, gated.attempts) == (ERROR, said, 5)
        live = {"web1": V2, "web2": V2}
        assert told(small.checks.once(live, apart=True)[-1])[:2] == (ERROR, said)
        if not kind.startswith("load"):  # that is for the gate
            assert told(small.checks.sample(live)[-1])[:2] == (ERROR, said)
        assert small.checks.once(live)[-1].result is FAIL, "before a deploy it is red, whosever fault"
        wrong = small.checks.gate(V1, {}, ("web1", "web2"), View.URL)
        assert [one.result for one in wrong] == [FAIL], "another release answers there"


def test_a_url_that_nobody_reaches_fails_where_no_host_is_asked_for_the_app() -> None:
    with closed_port() as port:
        small = world(USERS, url=f"http://127.0.0.1:{port}", gate=QUICK)
        assert [one.result for one in small.checks.gate(V2, {}, ("web1",), View.URL)] == [FAIL]


def test_a_gateways_answer_through_the_url_is_the_releases_failure() -> None:
    with serving(lambda asked: Page(502) if asked.path == "/users" else version("v2")) as app:
        checks = f"{VERSION}\n  - {{name: users, http: {{path: /users, via: url}}, expect: {{status: 200}}}}"
        small = world(checks, fleet=on(web1=app.port), url=f"http://127.0.0.1:{app.port}", gate=QUICK)
        (gated,) = small.checks.gate(V2, {}, ("web1",), View.URL)
        assert told(gated)[0] is FAIL


BEHIND = """
  - {name: users, http: {path: /, via: url}, expect: {status: 200}, consecutive_error_limit: 1}
  - {name: pages, http: {path: /, port: 8000}, expect: {status: 200}}
"""


@pytest.mark.parametrize(("status", "result"), [(200, ERROR), (500, FAIL)])
def test_a_balancer_that_is_down_is_not_blamed_on_a_release_whose_hosts_answer(status: int, result: Result) -> None:
    with closed_port() as port, serving(lambda _: Page(status)) as app:
        small = world(BEHIND, fleet=on(web1=app.port), url=f"http://127.0.0.1:{port}", gate=QUICK)
        (gated,) = small.checks.gate(V2, {}, ("web1",), View.URL)
        *_, sampled = small.checks.sample({"web1": V2})
    assert (gated.result, sampled.result, sampled.check) == (result, result, "users")


def test_a_gateways_own_answer_is_one() -> None:
    with serving(lambda _: Page(502)) as gateway, serving(lambda _: Page()) as app:
        small = world(BEHIND, fleet=on(web1=app.port), url=f"http://127.0.0.1:{gateway.port}", gate=QUICK)
        (found,) = small.checks.gate(V2, {}, ("web1",), View.URL)
    assert (found.result, found.final) == (FAIL, True)


def test_a_check_that_was_red_before_does_not_end_the_gate_before_its_healthy_time() -> None:
    red = f"  - {{name: pay, http: {{path: /pay, port: 8000}}, expect: {{status: 200}}}}\n{VERSION}"
    answer = lambda asked: Page(500) if asked.path == "/pay" else Page(headers=(("X-Release", "v2"),))  # noqa: E731
    with serving(answer) as app:
        small = world(red, fleet=on(web1=app.port), gate="{min_healthy_time: 3s}")
        small.checks.gate(V2, {}, ("web1",), View.HOST, frozenset({"pay"}))
        assert [one.path for one in app.asked].count("/pay") == 4


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


def test_what_would_disturb_the_others_is_asked_after_them_and_alone() -> None:
    """A burst beside a check of the response time would measure itself."""
    checks = """
  - {name: burst, load: {path: /burst, port: 8000, requests: 4, concurrency: 2, error_ratio: {max: 0%}}}
  - {name: suite, exec: {run: exit 0}, expect: {exit_status: 0}}
  - {name: one, http: {path: /one, port: 8000}, expect: {status: 200}}
  - {name: more, load: {path: /more, port: 8000, requests: 4, concurrency: 2, error_ratio: {max: 0%}}}
"""
    with serving(lambda _: Page()) as app:
        small = world(checks, fleet=on(web1=app.port, web2=app.port), hosts="[web1, web2]", gate=QUICK)
        findings = small.checks.gate(V2, {"web1": V1}, ("web1",), View.HOST)
        assert [f.check for f in findings] == ["one", "burst", "more"]
        assert [asked.path for asked in app.asked] == ["/one", *["/burst"] * 5, *["/more"] * 5]
        findings = small.checks.once({"web1": V2, "web2": V2})
        expected = [
            ("one", "web1"),
            ("one", "web2"),
            *(("burst", "web1"), ("more", "web1")),
            *(("burst", "web2"), ("more", "web2")),
        ]
        assert [(f.check, f.host) for f in findings] == [*expected, ("suite", None)]
        assert [f.result for f in findings[:-1]] == [PASS] * 6
        assert findings[-1].observed.startswith("it could not be run in /nowhere: ")  # where the playbook would be


def test_what_is_asked_last_is_not_asked_while_the_app_is_not_up_and_has_not_passed_then() -> None:
    checks = """
  - {name: up, http: {path: /up, port: 8000}, expect: {status: 200}, failure_limit: 1}
  - {name: burst, load: {path: /burst, port: 8000, requests: 4, error_ratio: {max: 0%}}}
"""
    with serving(lambda asked: Page(503 if asked.path == "/up" else 200)) as app:
        small = world(checks, fleet=on(web1=app.port), gate="{min_healthy_time: 1s, healthy_deadline: 3s}")
        findings = small.checks.gate(V2, {"web1": V1}, ("web1",), View.HOST)
        assert [(f.check, *told(f)) for f in findings] == [
            ("up", FAIL, "not healthy within 3 s: GET /up answered 503", "200"),
            (
                "burst",
                Result.INCONCLUSIVE,
                "not measured within 3 s: not asked while other checks still wait for their answers",
                "",
            ),
        ]
        assert {asked.path for asked in app.asked} == {"/up"}


def test_no_host_is_asked_before_a_switch_when_no_check_needs_it() -> None:
    small = world(VERSION, fleet=Hosts(away={"web1"}), gate=QUICK)
    small.checks.before(V2, ("web1",), {"web1": V1})
    assert (small.hosts.commands, small.hosts.dialled) == ([], [])


LOG = "  - {name: errors, logs: {file: log, new_exceptions: on}}"


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (Unreachable("web1 does not answer"), "web1 does not answer"),
        (ZeroDivisionError("a mistake of ours"), "a mistake of ours"),
        (None, "no answer within 0.1 s"),
    ],
)
def test_nothing_that_is_looked_at_before_a_switch_holds_it_up(
    trouble: Exception | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Trouble(Hosts):
        def command(self, host: str, text: str, release: Release, timeout: float) -> Ran:
            if trouble:
                raise trouble
            threading.Event().wait(5)
            return super().command(host, text, release, timeout)

    monkeypatch.setattr("rollback.checks.before._PATIENCE", 0.1)
    small = world(LOG, fleet=Trouble(), gate=QUICK)
    small.checks.before(V2, ("web1",), {})
    (found,) = small.checks.gate(V2, {"web1": V1}, ("web1",), View.HOST)
    seen = f"where the log stood before the switch was not seen: {why}"
    assert told(found) == (Result.INCONCLUSIVE, seen, "")


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
