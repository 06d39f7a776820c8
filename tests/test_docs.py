"""README and RUNBOOK can't drift from the code: their commands, options and exit codes are compared with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from rollback import errors
from rollback.cli.app import app
from rollback.model import Outcome
from tests.cli.command import run

TOP = Path(__file__).parents[1]
DOCS = ("README.md", "RUNBOOK.md")
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
CODES = {0, 1, 2, 4, 130, 143} | {one.exit_code for one in Outcome}


def text(name: str) -> str:
    return (TOP / name).read_text()


@pytest.mark.parametrize("name", DOCS)
def test_every_command_that_is_mentioned_exists(name: str) -> None:
    mentioned = set(re.findall(r"(?:`|\$ |^    )rollback ([a-z]+)\b", text(name), re.MULTILINE))
    assert mentioned
    assert mentioned <= COMMANDS


def test_readme_explains_every_command() -> None:
    table = "".join(line for line in text("README.md").splitlines(keepends=True) if line.startswith("| `"))
    assert {one for one in COMMANDS if f"rollback {one}" not in table} == set()


def test_no_sentence_of_the_help_is_cut_off_in_80_columns() -> None:
    """And no placeholder stands in two pairs of brackets."""
    commands = typer.main.get_command(app).commands.values()  # type: ignore[attr-defined]
    room = 80 - 6 - max(map(len, COMMANDS))
    assert [one.name for one in commands if one.get_short_help_str(room).endswith("...")] == []
    usages = [one.get_usage(typer.Context(one)) for one in commands]
    assert [usage for usage in usages if "[[" in usage] == []


@pytest.mark.parametrize("name", DOCS)
def test_every_exit_code_is_explained_and_no_other(name: str) -> None:
    rows = re.findall(r"^\| (\d[\d, ]*) \|", text(name), re.MULTILINE)
    assert {int(code) for row in rows for code in row.split(",")} == CODES


def test_every_error_has_one_of_the_exit_codes() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.RollbackError)]
    assert {one.exit_code for one in kinds} <= CODES


@pytest.mark.parametrize("name", DOCS)
def test_no_place_is_left_to_be_filled_in(name: str) -> None:
    assert "<!--" not in re.sub(r"<!-- rollback runbook: [a-z ]+ -->", "", text(name))
    assert "TODO" not in text(name).replace("TODO(human)", "")  # what a report leaves to people


def test_the_runbook_of_the_demos_app_matches_its_playbook() -> None:
    """Otherwise: rollback runbook -p flask-gunicorn"""
    assert run(TOP, "runbook", "-p", "flask-gunicorn", "--check").err == ""


def test_every_test_that_the_table_of_faults_names_exists() -> None:
    rows = re.findall(r"\| \[(test_\w*).*\]\((tests/[\w/]+\.py)\) \|$", text("RUNBOOK.md"), re.MULTILINE)
    missing = [(name, path) for name, path in rows if f"def {name.rstrip('_')}" not in text(path)]
    assert (len(rows) > 35, missing) == (True, [])
