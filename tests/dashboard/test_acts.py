"""What the dashboard may be allowed to do: the command that a person would type, and nothing that is not agreed to."""

from __future__ import annotations

import sys
import time

import pytest

from rollback.dashboard.acts import Acts, NotAgreed

SAYS = (sys.executable, "-c", "import sys; print(*sys.argv[1:], sep='|')")
AGREED = {"confirm": "production"}


def words(**form: str) -> tuple[str, ...]:
    acts = Acts((sys.executable, "-c", ""))
    return acts.begin("production", {**AGREED, **form}).words


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"deed": "rollback"}, ("--env=production", "--yes")),
        ({"deed": "rollback", "tag": "-v1", "reason": "-x"}, ("--to=-v1", "--reason=-x", "--env=production", "--yes")),
        ({"deed": "freeze", "reason": "a b"}, ("freeze", "--reason=a b", "--env=production", "--yes")),
        ({"deed": "unfreeze", "reason": "over"}, ("unfreeze", "--reason=over", "--env=production", "--yes")),
        (
            {"deed": "mark bad", "tag": "--help", "reason": "it leaks"},
            ("mark", "--reason=it leaks", "--env=production", "--yes", "--", "bad", "--help"),
        ),
    ],
)
def test_a_deed_is_a_command_in_which_nothing_typed_becomes_an_option(
    form: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert words(**form) == expected


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"deed": "rollback", "confirm": "staging"}, "production, was not typed"),
        ({"deed": "rollback", "confirm": ""}, "production, was not typed"),
        ({"deed": "freeze", "reason": "  "}, "a reason is missing"),
        ({"deed": "mark bad", "reason": "it leaks"}, "tag is missing"),
        ({"deed": "rollback", "tag": "v1\0"}, "a NUL can be no part"),
        ({"deed": "unlock", "reason": "because"}, "no such deed"),
        ({}, "a reason is missing"),
    ],
)
def test_what_is_not_agreed_or_not_whole_is_not_begun(form: dict[str, str], why: str) -> None:
    acts = Acts(("/does/not/exist",))
    with pytest.raises(NotAgreed, match=why):
        acts.begin("production", {**AGREED, **form})
    assert acts.begun == {}


def test_what_it_prints_and_how_it_ends_is_kept() -> None:
    acts = Acts(SAYS)
    act = acts.begin("production", {**AGREED, "deed": "freeze", "reason": "$(reboot)"})
    deadline = time.monotonic() + 20
    while act.code is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (act.code, act.said) == (0, b"freeze|--reason=$(reboot)|--env=production|--yes\n")
    assert (acts.begun, acts.pulse()) == ({1: act}, ((1, 0, len(act.said)),))
