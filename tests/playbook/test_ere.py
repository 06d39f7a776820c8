"""Lines are counted by a host's grep: what it would read otherwise than Python is refused, the rest means the same."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rollback.playbook.ere import ere
from tests.playbook.written import GOOD, faults

GREPS = (["grep"], ["busybox", "grep"])
SAME = [
    (r" ERROR ", " ERROR "),
    (r" (?:GET|POST) ", " (GET|POST) "),
    (r"5\d{2}", "5[0-9]{2}"),
    (r"\b50[0-4]\b", r"\b50[0-4]\b"),
    (r"(?P<user>\w+)@", "([[:alnum:]_]+)@"),
    (r"a+?b{,3}", "a+b{0,3}"),
    (r"x{y}", r"x\{y\}"),
    (r"\"code\": 5", '"code": 5'),
    (r"[\w.-]+\s[^\]\-a]", "[[:alnum:]_.-]+[[:space:]][^]a-]"),
    (r"caf\é?".replace("\\", ""), "caf(é)?"),
    (r"a\tb", "a\tb"),
]


@pytest.mark.parametrize(("python", "posix"), SAME)
def test_what_means_the_same_is_translated(python: str, posix: str) -> None:
    assert ere(python) == (posix, False)


def test_letters_of_any_case_are_a_flag_of_grep() -> None:
    assert ere("(?i)traceback") == ("traceback", True)


@pytest.mark.parametrize(
    "pattern", [r"(?=x)", r"(?<!x)y", r"(x)\1", r"x(?i)y", r"a++", r"\Ax", r"[\D]", r"[é]", "[[]", r"[a\--z]", r"\n"]
)
def test_what_grep_has_no_word_for_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="grep -E on a host"):
        ere(pattern)


def test_it_is_refused_when_the_playbook_is_read() -> None:
    logs = '    logs: {file: a, pattern: "(?=x)", max_count: 0}'
    (found,) = faults(GOOD.replace("    http: {path: /healthz}\n    expect: {status: 200}", logs))
    assert found.startswith('8: checks[0].logs.pattern: "(?=x)" has no meaning for grep -E on a host')


PIECES = st.sampled_from(
    [
        *"abcd 01-_.\"'/:é^$()|*?{}",
        "+?",
        "{1,2}",
        r"\d",
        r"\w",
        r"\s",
        r"\S",
        r"\.",
        r"\[",
        r"\b",
        "[ab]",
        "[^a0]",
        r"[\d.]",
        "[a-c-]",
        r"[\]x]",
    ]
)
LINES = st.text(st.sampled_from([*"abcd 01-_.\"'/:[]{}xé\\"]), max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=6).map("".join), st.lists(LINES, min_size=1, max_size=8))
def test_grep_finds_the_lines_that_python_finds(pattern: str, lines: list[str]) -> None:
    try:
        expected = [line for line in lines if re.search(pattern, line, re.ASCII)]
        translated = ere(pattern)
    except (re.error, ValueError):
        assume(False)
    for grep in GREPS:
        text = "".join(f"{line}\n" for line in lines).encode()
        words = ["env", "LC_ALL=C", *grep, "-E", "-e", translated.text]
        done = subprocess.run(words, input=text, capture_output=True, check=False)
        assert (done.returncode in {0, 1}, done.stdout.decode().splitlines()) == (True, expected), (grep, translated)
