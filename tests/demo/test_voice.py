"""How the demo's own words stand in a terminal."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rollback.demo.voice import Voice


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


WORLD: Any = SimpleNamespace(
    folder=Path("/srv/" + "w" * 90),
    shop=Path("/srv/w/shop"),
    url="http://127.0.0.1:1",
    hosts=[SimpleNamespace(name=f"web{number}") for number in (1, 2, 3)],
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def test_prose_is_broken_between_words(terminal: Terminal) -> None:
    Voice(terminal).act("The shop opens", "word " * 40)
    told = [line for line in terminal.getvalue().splitlines() if "word" in line]
    assert (len(told) > 2, max(map(len, told)) <= 80) == (True, True)
    assert terminal.getvalue().count("word") == 40


def test_what_is_to_be_copied_is_not_broken(terminal: Terminal) -> None:
    Voice(terminal).how_to_go_on(WORLD)
    assert f"  {WORLD.folder}/stop.sh    #" in terminal.getvalue()


def test_how_to_go_on_has_room_in_80_columns(terminal: Terminal) -> None:
    there = Path("/srv/tmp/rollback-demo-1234")
    Voice(terminal).how_to_go_on(SimpleNamespace(**{**vars(WORLD), "folder": there}))  # type: ignore[arg-type]
    assert [line for line in terminal.getvalue().splitlines() if len(line) > 80] == []


def test_the_deploy_that_it_proposes_says_why_it_takes_force(terminal: Terminal) -> None:
    """The story has just rolled v1.1.0 back by hand."""
    Voice(terminal).how_to_go_on(WORLD)
    assert "deploy v1.1.0 --force " in terminal.getvalue()


def test_a_log_keeps_its_lines() -> None:
    log = io.StringIO()
    Voice(log).act("The shop opens", "word " * 40)
    assert log.getvalue().splitlines()[-1].count("word") == 40
