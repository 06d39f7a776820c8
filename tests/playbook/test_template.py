"""Flat dotted names, filled in at use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.errors import UsageError
from rollback.playbook.template import fault, names, render, render_shell

VALUES = {"release.tag": "v1", "host.vars.port": "80", "user": "{{app}}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain { } text }}", "plain { } text }}"),
        ("/{{release.tag}}/{{ host.vars.port }}", "/v1/80"),
        ("{{user}}", "{{app}}"),  # what is filled in is not read again
    ],
)
def test_places_are_filled_in_once(text: str, expected: str) -> None:
    assert render(text, VALUES) == expected


def test_the_names_that_a_text_asks_for() -> None:
    assert names("{{a}}{{ b.c }} {{a}} {d}") == {"a", "b.c"}


@pytest.mark.parametrize("text", ["{{", "{{}}", "{{a b}}", "{{a", "{{a.}}", "{{1}}", "{{a}}{{b", "{{a|upper}}"])
def test_braces_without_a_name_are_a_fault(text: str) -> None:
    assert fault(text) is not None


@pytest.mark.parametrize("text", ["", "{a}", "}}", '{"a": {"b": 1}}', "{{a}}", "{{ a.b_1 }}"])
def test_other_braces_are_none(text: str) -> None:
    assert fault(text) is None


def test_an_unknown_name_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"nothing is known for \{\{nobody\}\} here"):
        render("{{nobody}}", VALUES)


@pytest.mark.parametrize("value", ["v1.2.0", "feature/x", "a+b@c=d,e:f%20", ""])
def test_a_shell_command_takes_values_that_are_one_word_to_any_shell(value: str) -> None:
    assert render_shell("echo {{v}}", {"v": value}) == f"echo {value}"


@pytest.mark.parametrize("value", ["v1;id", "$(id)", "`id`", "a b", "a\nb", "'", '"', "\\", "*", "~", "a&b", "ä"])
def test_a_shell_command_refuses_a_value_that_a_shell_would_read(value: str) -> None:
    with pytest.raises(UsageError, match="not safe inside a shell command"):
        render_shell("echo '{{v}}'", {"v": value})


@given(st.text())
def test_any_text_either_has_a_fault_or_renders(text: str) -> None:
    if fault(text) is None:
        assert "{{" not in render(text, dict.fromkeys(names(text), "x"))
