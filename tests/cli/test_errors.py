from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import run


@pytest.mark.parametrize(
    ("words", "command", "code", "message", "hint"),
    [
        (["deploy"], "deploy", 2, "Missing argument 'TAG'.", "rollback deploy -h"),
        (["--zzz"], "rollback", 2, "No such option: --zzz", "rollback -h"),
        (
            ["deploy", "v1", "--wait", "5x"],
            "deploy",
            2,
            "Invalid value for '--wait': \"5x\" is not a duration (like 10s or 5m)",
            "rollback deploy -h",
        ),
        (["stat"], "rollback", 2, "No such command 'stat'. Did you mean 'status'?", "rollback -h"),
        (
            ["mark", "fine", "v1", "--reason", "x"],
            "mark",
            2,
            "a release is marked good or bad, not 'fine'",
            "rollback mark bad v1 --reason '…'",
        ),
        (
            ["demo", "--hosts", "many"],
            "demo",
            2,
            "--hosts: the demo takes a number of hosts from 1 to 20, not 'many'",
            "rollback demo --hosts 3",
        ),
    ],
)
def test_every_error_is_one_envelope(
    tmp_path: Path, words: list[str], command: str, code: int, message: str, hint: str
) -> None:
    ran = run(tmp_path, *words, "--json")
    assert ran.code == code
    assert ran.json == {
        "schema": "rollback/1",
        "command": command,
        "exit_code": code,
        "message": message,
        "hint": hint,
        "data": None,
    }


def test_a_line_that_can_not_be_read_is_answered_with_the_next_command(tmp_path: Path) -> None:
    ran = run(tmp_path, "deploy")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "usage: Missing argument 'TAG'.\n  next      rollback deploy -h\n"


@pytest.mark.parametrize(("words", "hint"), [(["init", "--host"], "rollback init -h"), (["--to"], "rollback -h")])
def test_an_option_without_its_value_is_answered_with_its_commands_help(
    tmp_path: Path, words: list[str], hint: str
) -> None:
    ran = run(tmp_path, *words)
    assert (ran.code, ran.err) == (2, f"usage: Option '{words[-1]}' requires an argument.\n  next      {hint}\n")


def test_the_variable_asks_for_json_as_the_option_does(tmp_path: Path) -> None:
    assert run(tmp_path, "--nope", ROLLBACK_JSON="1").json["exit_code"] == 2


def test_without_a_playbook_every_command_says_how_to_get_one(tmp_path: Path) -> None:
    for words in (["status"], ["deploy", "v1"], []):
        ran = run(tmp_path, *words)
        assert ran.code == 2
        assert ran.err.splitlines()[-1] == "  next      write a first one: rollback init (or name one: -p PATH)"


def test_the_schema_is_one_envelope_too(tmp_path: Path) -> None:
    told = run(tmp_path, "schema", "--json").json
    assert (told["exit_code"], told["data"]["$schema"]) == (0, "https://json-schema.org/draft/2020-12/schema")
