"""Secrets are named, resolved at use, and struck from every text afterwards."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.errors import UsageError
from rollback.playbook.secrets import Secrets, named
from rollback.text import clean, clean_line

AWKWARD = "p@ss w/rd&\"'<ü>\\x"


def test_names_are_filled_in() -> None:
    assert Secrets({"A": "1", "B_2": "$x"}).resolve("${A}-${B_2}-$A-{A}-${}") == "1-$x-$A-{A}-${}"


def test_a_missing_one_is_named_with_what_to_type() -> None:
    with pytest.raises(UsageError, match=r"\$\{NOBODY\}, which is not set") as caught:
        Secrets({}).resolve("${NOBODY}")
    assert caught.value.hint == "export NOBODY=…"


def test_nothing_is_struck_before_it_was_used() -> None:
    assert Secrets({"A": "hidden"}).redact("hidden") == "hidden"


@pytest.mark.parametrize(
    "form",
    [
        AWKWARD,
        quote(AWKWARD),
        quote(AWKWARD, safe=""),
        quote_plus(AWKWARD),
        json.dumps(AWKWARD),
        json.dumps(AWKWARD, ensure_ascii=False),
        html.escape(AWKWARD),
        repr(AWKWARD),
        base64.b64encode(AWKWARD.encode()).decode(),
    ],
)
def test_a_value_is_struck_in_every_form(form: str) -> None:
    secrets = Secrets({"A": AWKWARD})
    secrets.resolve("${A}")
    shown = secrets.redact(f"<{form}>")
    assert "[A]" in shown
    assert "ss" not in shown


def test_the_longer_of_two_values_is_struck_first_and_names_are_not_struck() -> None:
    secrets = Secrets({"A": "abc", "B": "abcdef", "C": "A"})
    secrets.resolve("${A}${B}${C}")
    assert secrets.redact("abcdef abc A") == "[B] [A] [C]"


def test_an_empty_value_strikes_nothing() -> None:
    secrets = Secrets({"A": ""})
    assert (secrets.resolve("x${A}"), secrets.redact("text")) == ("x", "text")


def test_a_value_of_several_lines_is_struck_line_by_line() -> None:
    secrets = Secrets({"KEY": "-----BEGIN\nMIIEvQIBADAN\n-----END"})
    secrets.resolve("${KEY}")
    assert secrets.redact("a MIIEvQIBADAN b") == "a [KEY] b"


def test_a_command_gets_the_values_it_names_but_not_the_shells_own_nor_ours() -> None:
    environ = {"TOKEN": "t", "PATH": "p", "HOME": "h", "ROLLBACK_TAG": "r", "OTHER": "o"}
    command = 'curl -H "${TOKEN}" ${HOME}/x ${PATH} ${ROLLBACK_TAG} $OTHER'
    secrets = Secrets(environ)
    assert secrets.exported(command) == {"TOKEN": "t"}
    assert named(command) == {"TOKEN"}


def test_a_command_that_names_a_missing_one_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="TOKEN"):
        Secrets({}).exported("echo ${TOKEN}")


@given(st.text(min_size=1), st.text(), st.text())
def test_no_used_value_is_left_in_a_text(value: str, before: str, after: str) -> None:
    secrets = Secrets({"N": value})
    secrets.resolve("${N}")
    for shown in (value, clean(value, 1 << 20), clean_line(value, 1 << 20)):
        left = secrets.redact(before + shown + after).replace("[N]", "")
        assert not shown or shown not in left or shown in before + after or shown in "[N]"
