"""The pages and their door, asked as a browser would, without one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest

from rollback.dashboard.acts import Acts
from rollback.dashboard.app import Rooms, app
from rollback.dashboard.door import Door, Keys
from rollback.dashboard.links import Links
from rollback.dashboard.pages import Acting, Pages
from rollback.dashboard.source import PAGE, Seen
from rollback.model import Frozen, Grade, Marked
from rollback.text import clean
from tests.build import EPOCH, V1, V2, release, sighting
from tests.dashboard.asking import Asking
from tests.dashboard.told import Teller, Told, months

KEYS = Keys("token-1", "cookie-1", "csrf-1")
BASE = "http://127.0.0.1:8123"
NASTY = "v9\"'><script>alert(1)</script>\u202e{{7*7}}\x1b[31m"


def client(source: Told, *, acts: Acts | None = None, inside: bool = True) -> Asking:
    acting = Acting(KEYS.csrf) if acts else None
    pages = Pages("shop", {source.name: source}, Links(static=False), clean, acting)
    door = Door(app(Rooms(pages, acts, lambda: False)), KEYS, 8123)
    return Asking(door, BASE, {"rollback_8123": KEYS.cookie} if inside else {})


@pytest.fixture
def acts() -> Iterator[Acts]:
    made = Acts((sys.executable, "-c", ""))
    yield made
    for one in made.begun.values():
        one._process.wait(20)


def test_the_token_is_changed_for_a_cookie_that_scripts_and_other_sites_do_not_get() -> None:
    answer = client(Told(), inside=False).get("/e/production?token=token-1&before=X")
    assert (answer.status_code, answer.headers["location"]) == (303, "/e/production?before=X")
    assert answer.headers["set-cookie"] == "rollback_8123=cookie-1; HttpOnly; Path=/; SameSite=strict"


def test_the_way_in_leads_to_no_other_site() -> None:
    answer = client(Told(), inside=False).get(f"{BASE}//evil.example/?token=token-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/evil.example/")


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/e/production", "/live", "/static/style.css", "/nothing"])
def test_without_token_and_cookie_nothing_is_shown(path: str) -> None:
    answer = client(Told(), inside=False).get(path)
    assert (answer.status_code, "shop" in answer.text, "set-cookie" in answer.headers) == (401, False, False)


def test_a_cookie_of_another_run_is_no_key() -> None:
    asked = client(Told(), inside=False)
    asked.cookies["rollback_8123"] = "cookie-0"
    assert asked.get("/").status_code == 401


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:8123", 200),
        ("localhost:9999", 200),
        ("[::1]:8123", 200),
        ("localhost", 200),
        ("evil.example:8123", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost:8123.evil.example", 421),
        ("", 421),
    ],
)
def test_only_this_machines_own_names_are_answered(host: str, code: int) -> None:
    assert client(Told()).get("/", headers={"host": host}).status_code == code


@pytest.mark.parametrize("path", ["/", "/static/page.js", "/nothing", "/?token=token-1"])
def test_every_answer_forbids_what_it_does_not_need(path: str) -> None:
    said = client(Told()).get(path).headers
    assert said["content-security-policy"].startswith("default-src 'self'; base-uri 'none'; form-action 'self'")
    assert (said["x-content-type-options"], said["cache-control"]) == ("nosniff", "no-store")


def test_every_page_is_there_and_links_only_to_pages_that_are() -> None:
    teller = Teller()
    records = [*teller.deploy(V1), *teller.deploy(V2, Grade.BAD), *teller.operation(Marked(V2, Grade.BAD, "it leaks"))]
    asked = client(Told(records, look=Seen(EPOCH, (sighting("web1"), sighting("web2", problem="gone")))))
    todo, done = ["/"], dict[str, int]()
    while todo:
        path = todo.pop()
        answer = asked.get(path)
        done[path] = answer.status_code
        found = re.findall(r'(?:href|src)="(/[^"#]*)"', answer.text) if "html" in answer.headers["content-type"] else []
        todo += [one for one in found if one not in done]
    assert (len(done) > 8, set(done.values())) == (True, {200})


def test_what_comes_from_outside_is_shown_as_text_on_every_page() -> None:
    teller = Teller(author=NASTY)
    nasty = release(NASTY)
    records = [*teller.deploy(nasty), *teller.deploy(V2, Grade.BAD), *teller.operation(Frozen(NASTY))]
    records += teller.operation(Marked(nasty, Grade.GOOD, NASTY))
    look = Seen(EPOCH, (sighting("web1", nasty, (nasty, V2)), sighting("web2", problem=NASTY)))
    asked = client(Told(records, look=look))
    operations = {one.operation for one in records}
    paths = [
        "/",
        "/e/production",
        "/e/production/operations",
        *(f"/e/production/operations/{one}" for one in operations),
    ]
    for path in paths:
        text = asked.get(path).text
        assert "v9&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u202e{{7*7}}" in text, path
        assert ("<script>" in text, "\u202e" in text, "\x1b" in text) == (False, False, False)


def test_a_page_has_fifty_operations_and_leads_to_the_older_ones() -> None:
    asked = client(Told(months(PAGE + 20)))
    newest = asked.get("/e/production/operations").text
    older = re.search(r'rel="next" href="([^"]+)"', newest)
    assert older is not None
    oldest = asked.get(older[1]).text
    counts = [text.count('href="/e/production/operations/') for text in (newest, oldest)]
    assert (counts, 'rel="next"' in oldest, ">deploy v1.0.0<" in oldest) == ([PAGE, 20], False, True)


def test_an_operation_is_found_by_the_start_of_its_id_and_shows_its_evidence() -> None:
    teller = Teller(live=V1)
    records = teller.deploy(V2, Grade.BAD)
    text = client(Told(records)).get(f"/e/production/operations/{records[0].operation.lower()}").text
    assert "v2 is bad; v1 is back and verified" in text
    assert "login[no_profile] on web1: POST /login answered 500, expected 302" in text
    assert "KeyError: &#39;city&#39;" in text


@pytest.mark.parametrize(
    "path", ["/x", "/e/staging", "/e/staging/operations", "/e/production/operations/01M", "/acts/1"]
)
def test_what_is_not_there_is_said_in_words(path: str) -> None:
    answer = client(Told(months(2))).get(path)
    assert (answer.status_code, "<h1>Not here</h1>" in answer.text) == (404, True)


def test_a_page_is_made_again_only_when_something_is_new() -> None:
    source = Told(months(3))
    asked = client(source)
    reads = [asked.get("/") and source.reads for _ in range(3)]
    source.records += Teller(at=source.records[-1].at).operation(Frozen("moving"))
    assert "moving" in asked.get("/").text
    assert (reads, source.reads) == ([1, 1, 1], 2)


FORM = {"csrf": KEYS.csrf, "deed": "freeze", "reason": "moving", "confirm": "production"}
OURS = {"origin": BASE}


def test_a_dashboard_that_only_reads_has_no_forms_and_takes_none() -> None:
    asked = client(Told())
    assert "<form" not in asked.get("/e/production").text
    assert asked.post("/e/production/act", data=FORM, headers=OURS).status_code == 404


@pytest.mark.parametrize(
    ("form", "headers", "code"),
    [
        ({}, {"origin": "https://evil.example"}, 403),
        ({}, {"origin": "null"}, 403),
        ({}, {"origin": "http://127.0.0.1:9000"}, 403),
        ({}, {}, 403),
        ({"csrf": ""}, OURS, 403),
        ({"csrf": "csrf-2"}, OURS, 403),
        ({"confirm": "prod"}, OURS, 422),
        ({"reason": "x" * 20_000}, OURS, 413),
    ],
)
def test_a_form_that_is_not_ours_or_not_agreed_does_nothing(
    acts: Acts, form: dict[str, str], headers: dict[str, str], code: int
) -> None:
    answer = client(Told(), acts=acts).post("/e/production/act", data={**FORM, **form}, headers=headers)
    assert (answer.status_code, acts.begun) == (code, {})


def test_a_form_of_ours_starts_the_command_and_shows_it(acts: Acts) -> None:
    asked = client(Told(), acts=acts)
    assert 'value="csrf-1"' in asked.get("/e/production").text
    answer = asked.post("/e/production/act", data=FORM, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/acts/1")
    assert "rollback freeze --reason=moving --env=production --yes" in asked.get("/acts/1").text
    assert asked.post("/e/staging/act", data=FORM, headers=OURS).status_code == 404
