"""`flow`: the incident's own check, against a small shop with logins, sessions and csrf tokens."""

from __future__ import annotations

import pytest

from rollback.model import Result
from tests.checks.world import Asked, Page, saying, serving, told, world

PASS = Result.PASS
FAIL = Result.FAIL

LOGIN = """
  - name: login
    port: PORT
    for_each: {user: [complete, no_profile, corrupt_profile]}
    flow:
      - {request: {get: /login}, capture: {csrf: {regex: 'csrf" value="(.+?)"'}}}
      - request: {post: /login, form: {user: "{{user}}", password: "${PASSWORD}", csrf: "{{csrf}}"}}
        expect: {status: 302}
      - {request: {get: /me}, expect: {status: 200, json: {"$.user": "{{user}}"}}}
"""


def shop(asked: Asked) -> Page:
    """Logs in who knows the password and the token; a session is a cookie."""
    session = asked.headers.get("cookie", "").removeprefix("session=")
    match asked.method, asked.path:
        case "GET", "/login":
            return Page(body='<input name="csrf" value="t0k3n">', headers=(("Set-Cookie", "session=; Path=/"),))
        case "POST", "/login" if (asked.form.get("password"), asked.form.get("csrf")) == ("s3cret", "t0k3n"):
            cookie = f"session={asked.form['user']}; Path=/; HttpOnly"
            return Page(302, headers=(("Location", "/me"), ("Set-Cookie", cookie)))
        case "GET", "/me" if session:
            return Page(body=f'{{"user": "{session}"}}')
    return Page(403)


def broken(asked: Asked) -> Page:
    """The release of the incident."""
    if asked.method == "POST" and asked.form["user"] != "complete":
        return Page(500, "KeyError: 'profile'")
    return shop(asked)


def ask(checks: str, port: int, url: str | None = None) -> list[tuple[str | None, Result, str, str]]:
    found = world(checks.replace("PORT", str(port)), url=url, environ={"PASSWORD": "s3cret"}).ask()
    return [(f.case, *told(f)) for f in found]


def test_every_case_is_asked_with_its_own_cookies() -> None:
    with serving(shop) as app:
        said = (PASS, "3 requests answered as expected", "")
        assert ask(LOGIN, app.port) == [(case, *said) for case in ("complete", "no_profile", "corrupt_profile")]


def test_a_flow_keeps_its_connection() -> None:
    with serving(shop) as app:
        small = world(LOGIN.replace("PORT", str(app.port)), environ={"PASSWORD": "s3cret"})
        assert [f.result for f in small.ask()] == [PASS] * 3
        assert (len(app.asked), len(small.hosts.dialled)) == (9, 3)


def test_a_step_may_say_who_asks_by_secrets_that_are_named() -> None:
    check = """
  - name: api
    port: PORT
    flow:
      - {request: {get: /a, basic_auth: {user: ada, password: "${PASSWORD}"}}, expect: {status: 200}}
      - {request: {get: /b, headers: {Authorization: "Bearer ${TOKEN}"}}, expect: {status: 200}}
      - {request: {get: /c}, expect: {status: 200}}
"""
    with serving(lambda _: Page()) as app:
        small = world(check.replace("PORT", str(app.port)), environ={"PASSWORD": "s3cret", "TOKEN": "t0k3n-t0k3n"})
        assert [f.result for f in small.ask()] == [PASS]
        sent = {asked.path: asked.headers.get("authorization") for asked in app.asked}
        assert sent == {"/a": "Basic YWRhOnMzY3JldA==", "/b": "Bearer t0k3n-t0k3n", "/c": None}


def test_the_failing_step_and_case_are_named() -> None:
    with serving(broken) as app:
        found = world(LOGIN.replace("PORT", str(app.port)), environ={"PASSWORD": "s3cret"}).ask()
        assert [(f.case, *told(f), f.evidence) for f in found] == [
            ("complete", PASS, "3 requests answered as expected", "", ""),
            ("no_profile", FAIL, "POST /login answered 500", "302", "KeyError: 'profile'"),
            ("corrupt_profile", FAIL, "POST /login answered 500", "302", "KeyError: 'profile'"),
        ]


def test_a_secure_cookie_is_sent_back_where_users_speak_https() -> None:
    def secure(asked: Asked) -> Page:
        page = shop(asked)
        return Page(
            page.status, page.body, tuple((n, f"{v}; Secure" if n == "Set-Cookie" else v) for n, v in page.headers)
        )

    with serving(secure) as app:
        assert {result for _, result, *_ in ask(LOGIN, app.port, url="https://shop.example.com")} == {PASS}
        assert app.asked[-1].headers["host"] == "shop.example.com"


def test_a_value_that_is_not_in_the_answer_ends_the_flow_at_its_step() -> None:
    with serving(lambda _: Page(200, "<html>")) as app:
        (found, *_) = ask(LOGIN, app.port)
        assert found == ("complete", FAIL, "GET /login gave no value for csrf", "csrf in its answer")
        assert [asked.path for asked in app.asked] == ["/login"] * 3


def test_a_value_out_of_all_bounds_is_none() -> None:
    with serving(lambda _: Page(200, f'csrf" value="{"x" * 9000}"')) as app:
        assert ask(LOGIN, app.port)[0][1:3] == (FAIL, "GET /login gave more than 8192 characters for csrf")


def test_an_answer_cannot_ask_for_a_secret() -> None:
    def asks(asked: Asked) -> Page:
        return Page(302) if asked.method == "POST" else Page(200, 'csrf" value="${PASSWORD}"')

    with serving(asks) as app:
        ask(LOGIN, app.port)
        assert {asked.form["csrf"] for asked in app.asked if asked.method == "POST"} == {"${PASSWORD}"}


def test_a_step_without_a_status_must_not_be_an_error() -> None:
    with serving(lambda asked: Page(500 if asked.path == "/login" else 200)) as app:
        assert ask(LOGIN, app.port)[0][1:] == (FAIL, "GET /login answered 500", "a status below 400")


def test_a_gateway_without_its_app_is_waited_for_in_the_middle_of_a_flow() -> None:
    away = [1, 1]

    def restarting(asked: Asked) -> Page:
        return Page(503) if asked.path == "/me" and away and away.pop() else shop(asked)

    with serving(restarting) as app:
        one = LOGIN.replace("[complete, no_profile, corrupt_profile]", "[complete]")
        (found,) = world(one.replace("PORT", str(app.port)), environ={"PASSWORD": "s3cret"}).ask()
        assert (found.result, found.attempts) == (PASS, 3)


def test_a_lost_connection_names_its_step() -> None:
    with saying(lambda _: None) as port:
        assert ask(LOGIN, port)[0][1:] == (
            FAIL,
            "GET /login: Server disconnected without sending a response",
            "an answer",
        )


CLEANING = """
  - name: order
    port: PORT
    timeout: 5s
    flow:
      - {request: {post: /orders}, capture: {id: {json: "$.id"}}, expect: {status: 201}}
      - {request: {get: "/orders/{{id}}"}, capture: {late: {header: X-Late}}, expect: {status: 200}}
      - {request: {get: /never}}
      - {request: {delete: "/late/{{late}}"}, always_run: on}
      - {request: {delete: "/orders/{{id}}"}, expect: {status: 204}, always_run: on}
      - {request: {delete: /session}, always_run: on}
"""


def test_steps_that_clean_up_run_after_a_failure_where_their_values_are_known() -> None:
    def orders(asked: Asked) -> Page:
        return {"POST": Page(201, '{"id": 17}'), "GET": Page(500, "boom")}.get(asked.method, Page(404))

    with serving(orders) as app:
        assert ask(CLEANING, app.port) == [(None, FAIL, "GET /orders/{{id}} answered 500", "200")]
        assert [(asked.method, asked.path) for asked in app.asked] == [
            ("POST", "/orders"),
            ("GET", "/orders/17"),
            ("DELETE", "/orders/17"),
            ("DELETE", "/session"),
        ]


def test_cleaning_up_counts_when_nothing_failed_before() -> None:
    def orders(asked: Asked) -> Page:
        pages = {"POST": Page(201, '{"id": 17}'), "GET": Page(200, headers=(("X-Late", "x"),))}
        return pages.get(asked.method, Page(404))

    with serving(orders) as app:
        assert ask(CLEANING, app.port) == [(None, FAIL, "DELETE /late/{{late}} answered 404", "a status below 400")]
        assert app.asked[-1].path == "/session"


FOLLOWING = """
  - name: follow
    port: PORT
    flow:
      - {request: {get: /}, capture: {next: {header: Location}}, expect: {status: 302}}
      - {request: {get: "{{next}}", headers: {X-Token: t}}, expect: {status: 200}}
"""


@pytest.mark.parametrize("location", ["/me", "http://shop.example.com/me", "me"])
def test_a_captured_address_is_followed_on_the_same_host(location: str) -> None:
    def answer(asked: Asked) -> Page:
        return Page(302, headers=(("Location", location),)) if asked.path == "/" else Page()

    with serving(answer) as app:
        assert [result for _, result, *_ in ask(FOLLOWING, app.port, url="http://shop.example.com")] == [PASS]
        assert [asked.path for asked in app.asked] == ["/", "/me"]


@pytest.mark.parametrize("location", ["http://evil.example.com/me", "//evil.example.com/me"])
def test_a_captured_address_never_leads_to_another_site(location: str) -> None:
    with serving(lambda _: Page(302, headers=(("Location", location),))) as app:
        found = ask(FOLLOWING.replace("port: PORT", "via: url"), app.port, url=f"http://127.0.0.1:{app.port}")
        assert [f[1] for f in found] == [FAIL]
        assert {asked.headers["host"] for asked in app.asked} == {f"127.0.0.1:{app.port}"}


def test_each_step_may_have_a_port_of_its_own() -> None:
    with serving(lambda _: Page()) as one, serving(lambda _: Page()) as two:
        check = f"""
  - name: two
    port: {one.port}
    flow:
      - {{request: {{get: /a}}, expect: {{status: 200}}}}
      - {{request: {{get: /b, port: {two.port}}}, expect: {{status: 200}}}}
"""
        assert [result for _, result, *_ in ask(check, 0)] == [PASS]
        assert ([a.path for a in one.asked], [a.path for a in two.asked]) == (["/a"], ["/b"])
