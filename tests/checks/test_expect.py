"""What an answer is held against: pure, table by table."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rollback.checks.expect import Mismatch, Response, captured, of_body, of_head, of_ran
from rollback.playbook.expect import Capture, Expect
from rollback.playbook.template import names, render
from tests.checks.world import Ran

VALUES = {"user": "a.b+c", "release.tag": "v1.0+2"}


class Filling:
    def fill(self, text: str) -> str:
        return render(text, VALUES)

    def fill_pattern(self, text: str) -> str:
        return render(text, {name: re.escape(value) for name, value in VALUES.items()})


FILL = Filling()


def expect(**written: Any) -> Expect:
    return Expect.model_validate(written)


@pytest.mark.parametrize(
    ("written", "response", "wrong"),
    [
        ({"status": "200"}, Response(200), ()),
        ({"status": "200"}, Response(500), (Mismatch("answered 500", "200"),)),
        ({"status": ["200", "204"]}, Response(204), ()),
        ({"status": ["200", "204"]}, Response(201), (Mismatch("answered 201", "200 or 204"),)),
        ({"header": {"X-Release": "{{release.tag}}"}}, Response(200, (("x-release", "v1.0+2"),)), ()),
        (
            {"header": {"X-Release": "{{release.tag}}"}},
            Response(200, (("x-release", "v0"),)),
            (Mismatch("X-Release: v0", "X-Release: v1.0+2"),),
        ),
        ({"header": {"X-Release": "v1"}}, Response(200), (Mismatch("no header X-Release", "X-Release: v1"),)),
        ({"header": {"A": "2"}}, Response(200, (("a", "1"), ("A", "2"))), ()),
        ({"body": {"contains": "x"}}, Response(500), (Mismatch("answered 500", "a status below 400"),)),
        ({"body": {"contains": "x"}}, Response(404), (Mismatch("answered 404", "a status below 400"),)),
        ({"body": {"contains": "x"}}, Response(302), ()),
        (None, Response(500), (Mismatch("answered 500", "a status below 400"),)),
        (None, Response(204), ()),
    ],
)
def test_the_head_of_an_answer(written: dict[str, Any] | None, response: Response, wrong: tuple[Mismatch, ...]) -> None:
    assert of_head(expect(**written) if written else None, response, FILL) == wrong


@pytest.mark.parametrize(
    ("written", "body", "wrong"),
    [
        ({"contains": "Hello {{user}}"}, b"Hello a.b+c!", ()),
        ({"contains": ["a", "z"]}, b"abc", (Mismatch("body does not contain it", "body contains z"),)),
        ({"matches": "^Hello {{user}}$"}, b"Hello a.b+c", ()),
        (
            {"matches": "^Hello {{user}}$"},
            b"Hello aXb+c",
            (Mismatch("body does not match", r"body matches ^Hello a\.b\+c$"),),
        ),
        ({"not_matches": "Error \\d+"}, b"fine", ()),
        (
            {"not_matches": "Error \\d+"},
            b"an Error 17.",
            (Mismatch("body has Error 17", r"body does not match Error \d+"),),
        ),
        ({"contains": "\N{REPLACEMENT CHARACTER}"}, b"\xff", ()),
    ],
)
def test_the_body_of_an_answer(written: dict[str, Any], body: bytes, wrong: tuple[Mismatch, ...]) -> None:
    assert of_body(expect(body=written), Response(200, body=body), FILL) == wrong


def test_what_must_not_be_in_a_body_is_not_known_of_one_that_is_too_long() -> None:
    response = Response(200, body=b"fine", more=True)
    assert of_body(expect(body={"not_matches": "Error"}), response, FILL) == (
        Mismatch("body is too long to be searched to its end", "a body without it"),
    )
    assert of_body(expect(body={"contains": "fine"}), response, FILL) == ()


@pytest.mark.parametrize(
    ("path", "value", "document", "observed"),
    [
        ("$.user", "{{user}}", {"user": "a.b+c"}, None),
        ("$.user", "eve", {"user": "adam"}, "$.user is adam"),
        ("$.user", "eve", {}, "$.user is not there"),
        ("$.n", "1", {"n": 1}, None),
        ("$.n", "1.0", {"n": 1}, None),
        ("$.n", "1", {"n": "1"}, None),
        ("$.n", "1", {"n": True}, "$.n is true"),
        ("$.n", "true", {"n": True}, None),
        ("$.n", "true", {"n": 1}, "$.n is 1"),
        ("$.n", "null", {"n": None}, None),
        ("$.n", "null", {}, "$.n is not there"),
        ("$.n", "null", {"n": 0}, "$.n is 0"),
        ("$.n", '"x"', {"n": "x"}, "$.n is x"),
        ("$.all[*].up", "true", {"all": [{"up": True}, {"up": True}]}, None),
        ("$.all[*].up", "true", {"all": [{"up": True}, {"up": False}]}, "$.all[*].up is false"),
        ("$.all[*].up", "true", {"all": []}, "$.all[*].up is not there"),
        ("$", "ok", "ok", None),
        ("$", "3", 3, None),
        ("$.x", "3", 3, "$.x is not there"),
        ("$.list", "[1, 2]", {"list": [1, 2]}, None),
    ],
)
def test_json_is_compared_as_json_writes_it(path: str, value: str, document: object, observed: str | None) -> None:
    response = Response(200, body=json.dumps(document).encode())
    wrong = tuple(found.observed for found in of_body(expect(json={path: value}), response, FILL))
    assert wrong == ((observed,) if observed else ())


@pytest.mark.parametrize(
    ("response", "observed"),
    [
        (Response(200, body=b"<html>"), "body is not JSON"),
        (Response(200, body=b""), "body is not JSON"),
        (Response(200, body=b"\xff\xfe{"), "body is not JSON"),
        (Response(200, body=b'{"a', more=True), "body is too long to be read as JSON"),
        (Response(200, body=b"[" * 100_000), "body is not JSON"),
        (Response(200, body=b"1" * 10_000), "body is not JSON"),
    ],
)
def test_what_is_not_json_is_a_mismatch(response: Response, observed: str) -> None:
    assert of_body(expect(json={"$.a": "1"}), response, FILL) == (Mismatch(observed, "$.a is 1"),)


def test_a_path_that_cannot_be_followed_is_a_mismatch() -> None:
    (wrong,) = of_body(expect(json={"$.a[": "1"}), Response(200, body=b"{}"), FILL)
    assert wrong.observed.startswith("$.a[ can't be followed: ")


@pytest.mark.parametrize(("took", "wrong"), [(0.5, ()), (0.7514, (Mismatch("took 751 ms", "at most 500 ms"),))])
def test_an_answer_may_take_as_long_as_was_said(took: float, wrong: tuple[Mismatch, ...]) -> None:
    assert of_body(expect(response_time={"max": "500ms"}), Response(200, took=took), FILL) == wrong


@pytest.mark.parametrize(
    ("written", "ran", "wrong"),
    [
        ({"exit_status": "0"}, Ran(0), ()),
        ({"exit_status": "0"}, Ran(3), (Mismatch("exit status 3", "0"),)),
        ({"exit_status": ["0", "3"]}, Ran(3), ()),
        ({"stdout": {"not_matches": "ERROR"}}, Ran(127), (Mismatch("exit status 127", "0"),)),
        ({"stdout": {"contains": "up"}}, Ran(0, "is up"), ()),
        (
            {"stdout": {"contains": "up"}},
            Ran(0, "down"),
            (Mismatch("stdout does not contain it", "stdout contains up"),),
        ),
    ],
)
def test_what_a_command_ended_with(written: dict[str, Any], ran: Ran, wrong: tuple[Mismatch, ...]) -> None:
    assert of_ran(expect(**written), ran, FILL) == wrong


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ({"regex": 'csrf" value="(.+?)"'}, "t0k"),
        ({"regex": "nothing (x)"}, None),
        ({"regex": "(absent)?html"}, None),
        ({"header": "location"}, "/me"),
        ({"header": "x-none"}, None),
        ({"json": "$.a"}, None),
    ],
)
def test_a_value_is_taken_from_an_answer_or_is_not_there(written: dict[str, str], value: str | None) -> None:
    response = Response(200, (("Location", "/me"),), b'<html><input name="csrf" value="t0k"/>')
    assert captured(Capture.model_validate(written), response, FILL) == value


@pytest.mark.parametrize(("document", "value"), [({"a": "x"}, "x"), ({"a": 7}, "7"), ({"a": True}, "true"), ({}, None)])
def test_a_value_is_taken_from_json_as_json_writes_it(document: object, value: str | None) -> None:
    response = Response(200, body=json.dumps(document).encode())
    assert captured(Capture.model_validate({"json": "$.a"}), response, FILL) == value


EVERYTHING = expect(
    status="200",
    header={"X-Release": "{{release.tag}}"},
    body={"contains": "ok", "matches": "o+k", "not_matches": "Error"},
    json={"$..a": "1", "$.b[?@.c > 1].d": "x"},
    response_time={"max": "1s"},
)


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
JSON = VALUE.map(json.dumps)


@given(
    st.builds(
        Response,
        status=st.integers(100, 999),
        headers=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=4).map(tuple),
        body=st.binary(max_size=200) | JSON.map(str.encode),
        took=st.floats(0, 1e6),
        more=st.booleans(),
    )
)
def test_whatever_is_answered_the_comparison_has_an_answer(response: Response) -> None:
    head = of_head(EVERYTHING, response, FILL)
    wrong = (*head, *of_body(EVERYTHING, response, FILL))
    assert all(isinstance(found.observed, str) and found.expected for found in wrong)
    assert bool(head) == (response.status != 200 or "v1.0+2" not in response.header("x-release"))


@given(VALUE)
def test_every_value_is_what_json_writes_it_as(value: object) -> None:
    written = value if isinstance(value, str) else json.dumps(value)
    assume(not names(written))
    response = Response(200, body=json.dumps({"a": value}).encode())
    assert captured(Capture.model_validate({"json": "$.a"}), response, FILL) is not None
    assert of_body(Expect.model_construct(json_={"$.a": written}), response, FILL) == ()
