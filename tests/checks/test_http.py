"""`http` over real connections: what is sent, what is waited for, and what is a wrong answer."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable

import pytest

from rollback.model import Result
from tests.checks.world import Asked, Hosts, Page, closed_port, saying, serving, told, world

PASS = Result.PASS
FAIL = Result.FAIL


def healthz(port: int, more: str = "", expect: str = "{status: 200}", timeout: str = "5s") -> str:
    return f"  - {{name: up, timeout: {timeout}, http: {{path: /healthz, port: {port}{more}}}, expect: {expect}}}"


def test_a_host_is_asked_at_its_own_port_in_the_name_of_the_environment() -> None:
    with serving(lambda _: Page()) as app:
        small = world(healthz(app.port), url="https://shop.example.com/store")
        assert [told(f) for f in small.ask()] == [(PASS, "GET /healthz answered 200", "")]
        (asked,) = app.asked
        assert (asked.method, asked.path, asked.headers["host"]) == ("GET", "/healthz", "shop.example.com")
        assert small.hosts.dialled == [("web1", "127.0.0.1", app.port)]


def test_without_a_url_a_host_is_asked_in_its_own_address() -> None:
    with serving(lambda _: Page()) as app:
        world(healthz(app.port)).ask()
        assert app.asked[0].headers["host"] == f"127.0.0.1:{app.port}"


def test_the_url_is_asked_below_its_path_and_once_for_all_hosts() -> None:
    with serving(lambda _: Page()) as app:
        small = world(
            "  - {name: up, http: {path: /healthz, via: url}, expect: {status: 200}}",
            url=f"http://127.0.0.1:{app.port}/store/",
            hosts="[web1, web2]",
        )
        assert [(f.host, f.result) for f in small.ask()] == [(None, PASS)]
        assert [asked.path for asked in app.asked] == ["/store/healthz"]


def test_an_address_of_its_own_is_asked_as_it_is_written() -> None:
    with serving(lambda _: Page()) as app:
        check = f'  - {{name: up, http: {{url: "http://127.0.0.1:{app.port}/other?x=1"}}, expect: {{status: 200}}}}'
        assert [f.result for f in world(check).ask()] == [PASS]
        assert app.asked[0].path == "/other?x=1"


def test_a_users_name_and_password_in_the_url_are_sent_and_never_told() -> None:
    with serving(lambda asked: Page(500, asked.headers["authorization"])) as app:
        small = world(
            "  - {name: up, http: {path: /, via: url}, expect: {status: 200}}",
            url=f"http://ada:${{PASSWORD}}@127.0.0.1:{app.port}",
            environ={"PASSWORD": "correct-horse"},
        )
        (found,) = small.ask()
        assert app.asked[0].headers["authorization"] == "Basic " + base64.b64encode(b"ada:correct-horse").decode()
        assert (*told(found), found.evidence) == (FAIL, "GET / answered 500", "200", "[authorization]")


def test_a_request_says_what_the_playbook_says() -> None:
    check = """
  - name: order
    http:
      path: /orders?tag={{release.tag}}
      port: PORT
      method: post
      headers: {X-Token: "${TOKEN}", Accept: text/plain}
      basic_auth: {user: ada, password: "${PASSWORD}"}
      form: {user: "{{user}}", text: "a&b"}
    for_each: {user: [no_profile]}
    expect: {status: 201}
"""
    with serving(lambda _: Page(201)) as app:
        small = world(check.replace("PORT", str(app.port)), environ={"TOKEN": "t0ken", "PASSWORD": "pass word"})
        assert [(f.case, f.result) for f in small.ask()] == [("no_profile", PASS)]
        (asked,) = app.asked
        assert (asked.method, asked.path) == ("POST", "/orders?tag=v2")
        assert asked.form == {"user": "no_profile", "text": "a&b"}
        assert (asked.headers["x-token"], asked.headers["accept"]) == ("t0ken", "text/plain")
        assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"ada:pass word").decode()


def test_a_json_body_is_filled_leaf_by_leaf() -> None:
    check = """
  - name: x
    http: {path: /, port: PORT, method: PUT, json: {tag: "{{release.tag}}", of: ["${A}"]}}
    expect: {status: 200}
"""
    with serving(lambda _: Page()) as app:
        world(check.replace("PORT", str(app.port)), environ={"A": 'quo"te'}).ask()
        assert app.asked[0].body.replace(" ", "") == r'{"tag":"v2","of":["quo\"te"]}'


@pytest.mark.parametrize(
    ("page", "expect", "said"),
    [
        (Page(500, "boom"), "{status: 200}", (FAIL, "GET /healthz answered 500", "200")),
        (
            Page(200),
            '{header: {X-Release: "{{release.tag}}"}}',
            (FAIL, "GET /healthz no header X-Release", "X-Release: v2"),
        ),
        (
            Page(200, headers=(("X-Release", "v2"),)),
            '{header: {X-Release: "{{release.tag}}"}}',
            (PASS, "GET /healthz answered 200", ""),
        ),
        (Page(200, '{"a": 1}'), '{json: {"$.a": "2"}}', (FAIL, "GET /healthz $.a is 1", "$.a is 2")),
        (Page(503), "{status: 503}", (PASS, "GET /healthz answered 503", "")),
        (Page(302, headers=(("Location", "/x"),)), "{status: 302}", (PASS, "GET /healthz answered 302", "")),
    ],
)
def test_an_answer_is_held_against_what_is_expected(page: Page, expect: str, said: tuple[Result, str, str]) -> None:
    with serving(lambda _: page) as app:
        assert [told(f) for f in world(healthz(app.port, expect=expect)).ask()] == [said]
        assert len(app.asked) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_without_its_app_is_asked_again(status: int) -> None:
    pages = [Page(status), Page(status), Page(200)]
    with serving(lambda _: pages.pop(0)) as app:
        (found,) = world(healthz(app.port)).ask()
        assert (found.result, found.attempts) == (PASS, 3)


def test_a_gateway_whose_app_stays_away_fails_with_its_page() -> None:
    with serving(lambda _: Page(502, "no upstream")) as app:
        (found,) = world(healthz(app.port)).ask()
        assert told(found) == (FAIL, "GET /healthz answered 502", "200")
        assert (found.evidence, found.attempts) == ("no upstream", 3)


def test_a_refused_connection_is_a_failure_of_the_app_and_not_of_ours() -> None:
    with closed_port() as port:
        (found,) = world(healthz(port)).ask()
        assert (*told(found), found.attempts) == (FAIL, "connection refused", "an answer", 3)


def test_a_host_that_ssh_does_not_reach_is_an_error_and_no_failure() -> None:
    (found,) = world(healthz(80), fleet=Hosts(away={"web1"})).ask()
    assert told(found) == (Result.ERROR, "web1 does not answer", "an answer")


def test_a_port_may_be_the_hosts_own() -> None:
    with serving(lambda _: Page()) as one, serving(lambda _: Page()) as two:
        hosts = f'[{{name: web1, vars: {{port: "{one.port}"}}}}, {{name: web2, vars: {{port: "{two.port}"}}}}]'
        check = '  - {name: up, http: {path: /, port: "{{host.vars.port}}"}, expect: {status: 200}}'
        small = world(check, hosts=hosts)
        assert [f.host for f in small.ask()] == ["web1", "web2"]
        assert (len(one.asked), len(two.asked)) == (1, 1)


def test_a_port_that_is_none_is_an_error() -> None:
    check = '  - {name: up, http: {path: /, port: "{{host.vars.port}}"}, expect: {status: 200}}'
    (found,) = world(check, hosts='[{name: web1, vars: {port: "80;id"}}]').ask()
    assert told(found) == (Result.ERROR, "'80;id' is not a port", "")


def test_a_secret_that_is_not_set_is_an_error_that_names_it() -> None:
    with serving(lambda _: Page()) as app:
        (found,) = world(healthz(app.port, more=', headers: {A: "${TOKEN}"}')).ask()
        assert found.result is Result.ERROR
        assert "TOKEN" in found.observed
        assert app.asked == []


def test_secrets_that_come_back_are_struck_from_everything() -> None:
    secret = "hunter2-hunter2"
    page = Page(500, "x" * 1020 + secret)
    with serving(lambda _: page) as app:
        more = ', headers: {A: "${TOKEN}"}'
        (found,) = world(healthz(app.port, more=more), environ={"TOKEN": secret}).ask()
        assert found.evidence.startswith("xxx")
        assert "hunt" not in found.evidence
        page = Page(200, headers=(("X-Echo", secret),))
        expect = '{header: {X-Echo: "no ${TOKEN}"}}'
        (found,) = world(healthz(app.port, expect=expect), environ={"TOKEN": secret}).ask()
        assert told(found) == (FAIL, "GET /healthz X-Echo: [TOKEN]", "X-Echo: no [TOKEN]")


@pytest.mark.parametrize("header", ["a\\r\\nX-Evil: 1", "é"])
def test_words_that_make_no_request_are_an_error(header: str) -> None:
    with serving(lambda _: Page()) as app:
        (found,) = world(healthz(app.port, more=f', headers: {{A: "{header}"}}')).ask()
        assert found.result is Result.ERROR
        assert "is not a request that can be sent" in found.observed


def test_redirects_are_followed_only_when_the_playbook_says_so() -> None:
    def answer(asked: Asked) -> Page:
        return (
            Page(200, "here")
            if asked.path == "/new"
            else Page(302, headers=(("Location", "/new"), ("Set-Cookie", "a=1")))
        )

    with serving(answer) as app:
        follow = ", method: POST, body: x, follow_redirects: on"
        assert [f.result for f in world(healthz(app.port, follow)).ask()] == [PASS]
        assert [(a.method, a.path, a.body, a.headers.get("cookie")) for a in app.asked] == [
            ("POST", "/healthz", "x", None),
            ("GET", "/new", "", "a=1"),
        ]


def test_a_redirect_that_keeps_its_method_keeps_its_body() -> None:
    def answer(asked: Asked) -> Page:
        return Page() if asked.path == "/new" else Page(307, headers=(("Location", "/new"),))

    with serving(answer) as app:
        assert [f.result for f in world(healthz(app.port, ", method: POST, body: x, follow_redirects: on")).ask()] == [
            PASS
        ]
        assert [(a.method, a.body) for a in app.asked] == [("POST", "x"), ("POST", "x")]


@pytest.mark.parametrize(
    ("location", "observed"),
    [
        ("/healthz", "redirected more than 5 times"),
        ("http://elsewhere.example.com/", "redirected to http://elsewhere.example.com/"),
        ("file:///etc/passwd", "redirected to file:///etc/passwd"),
        ("http://[", "redirected to http://["),
        ("http://elsewhere:port/", "redirected to http://elsewhere:port/"),
    ],
)
def test_a_redirect_to_nowhere_or_away_from_the_host_is_a_failure(location: str, observed: str) -> None:
    with serving(lambda _: Page(302, headers=(("Location", location),))) as app:
        (found,) = world(healthz(app.port, ", follow_redirects: on")).ask()
        assert (found.result, found.observed) == (FAIL, observed)


def test_another_site_is_not_shown_the_headers_of_the_first() -> None:
    with serving(lambda _: Page()) as other:
        elsewhere = (("Location", f"http://localhost:{other.port}/"),)
        with serving(lambda _: Page(302, headers=elsewhere)) as app:
            check = f"""
  - name: up
    http: {{url: "http://127.0.0.1:{app.port}/", headers: {{X-Token: secret}}, follow_redirects: on}}
    expect: {{status: 200}}
"""
            assert [f.result for f in world(check).ask()] == [PASS]
            assert app.asked[0].headers["x-token"] == "secret"
            assert "x-token" not in other.asked[0].headers


def test_connecting_does_not_count_as_the_apps_time() -> None:
    class Slow(Hosts):
        def dial(self, host: str, address: str, port: int) -> socket.socket:
            time.sleep(1.2)
            return super().dial(host, address, port)

    with serving(lambda _: Page()) as app:
        small = world(healthz(app.port, expect="{response_time: {max: 1100ms}}"), fleet=Slow())
        assert [f.result for f in small.ask()] == [PASS]


# Answers of a hostile or broken app: always a finding, always clean.

HEAD = b"HTTP/1.1 200 OK\r\n"
Say = Callable[[socket.socket], None]


def drip(piece: bytes, first: bytes = b"", every: float = 0.02) -> Say:
    def say(peer: socket.socket) -> None:
        peer.sendall(first)
        for _ in range(2000):
            peer.sendall(piece)
            time.sleep(every)

    return say


def at_once(data: bytes) -> Say:
    return lambda peer: peer.sendall(data)


@pytest.mark.parametrize(
    ("say", "observed"),
    [
        (at_once(b""), "Server disconnected without sending a response"),
        (at_once(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "illegal status line"),
        (at_once(HEAD + b"Content-Length: 10\r\n\r\nabc"), "GET /healthz: the answer broke off after 3 bytes"),
        (at_once(HEAD + b"A: " + b"b" * 300_000), "Receive buffer too long"),
        (at_once(HEAD + b"A: b\r\n" * 50_000), "Receive buffer too long"),
    ],
)
def test_an_answer_that_does_not_come_whole_is_a_failure(say: Say, observed: str) -> None:
    with saying(say) as port:
        (found,) = world(healthz(port)).ask()
        assert (found.result, found.attempts) == (FAIL, 3)
        assert found.observed.startswith(observed)


@pytest.mark.parametrize(
    "say",
    [
        drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(b"A"),
        drip(b"A: b\r\n", HEAD),
        drip(b"x", HEAD + b"\r\n"),
        drip(b"1\r\nx\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    ],
)
def test_an_answer_that_never_ends_is_a_failure_when_the_time_is_up(say: Say) -> None:
    with saying(say) as port:
        (found,) = world(healthz(port, timeout="200ms")).ask()
        assert (found.result, found.attempts) == (FAIL, 3)
        assert found.observed.endswith("no answer within 0.2 s")


def test_a_wrong_status_counts_even_when_the_body_breaks_off() -> None:
    with saying(at_once(b"HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nabc")) as port:
        (found,) = world(healthz(port)).ask()
        assert (*told(found), found.evidence, found.attempts) == (FAIL, "GET /healthz answered 500", "200", "abc", 1)


def test_a_body_is_read_to_a_bound() -> None:
    def say(peer: socket.socket) -> None:
        peer.sendall(HEAD + b"\r\n")
        while True:
            peer.sendall(b"x" * 65536)

    with saying(say) as port:
        (found,) = world(healthz(port)).ask()
        assert found.result is PASS
        (found,) = world(healthz(port, expect="{body: {not_matches: y}}")).ask()
        assert told(found)[:2] == (FAIL, "GET /healthz body is too long to be searched to its end")
        assert len(found.evidence) <= 1024


def test_escape_sequences_and_broken_text_are_shown_and_not_obeyed() -> None:
    page = Page(500, b"\x1b[2J\xff\xfe \xe2\x80\xaeevil\r\nX\x00")
    with serving(lambda _: page) as app:
        (found,) = world(healthz(app.port)).ask()
        assert found.evidence == "\\x1b[2J\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} \\u202eevil\nX\\x00"
    with saying(at_once(HEAD + b"X-A: \xff\xe2\x80\xae\r\nContent-Length: 0\r\n\r\n")) as port:
        (found,) = world(healthz(port, expect="{header: {X-A: b}}")).ask()
        assert found.result is FAIL
        assert found.observed.isprintable()


@pytest.mark.parametrize("cookie", ["", "=", ";;;", "a=b; expires=never; domain=[", "\\x01=1", "a=" + "b" * 5000])
def test_no_cookie_breaks_the_question(cookie: str) -> None:
    with serving(lambda _: Page(headers=(("Set-Cookie", cookie), ("Location", "http://[")))) as app:
        assert [f.result for f in world(healthz(app.port)).ask()] == [PASS]
