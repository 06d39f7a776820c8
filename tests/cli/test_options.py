from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rollback.cli.options import Options
from tests.cli.command import run

PLAYBOOK = """
app: {name}
tags: "v*"
root: /srv/{name}
restart: "true"
environments:
  staging: {{hosts: [a.invalid]}}
  production: {{hosts: [b.invalid]}}
checks:
  - {{name: up, command: "true", expect: {{exit_status: 0}}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two playbooks of two environments, in a repository with three tags."""
    (tmp_path / "playbooks").mkdir()
    for name in ("shop", "blog"):
        (tmp_path / f"playbooks/{name}.yml").write_text(PLAYBOOK.format(name=name))
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run([*git, *words], check=True)
    for tag in ("v1", "v2", "other"):
        subprocess.run([*git, "tag", tag], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("inner", "outer", "both"),
    [
        (Options(), None, Options()),
        (Options(env="a"), Options(env="b", yes=True), Options(env="a", yes=True)),
        (Options(yes=False), Options(yes=True), Options(yes=False)),
    ],
)
def test_what_stands_after_the_command_wins(inner: Options, outer: Options | None, both: Options) -> None:
    assert inner.over(outer) == both


@pytest.mark.parametrize(
    "words", [["-p", "blog", "-e", "nowhere", "status"], ["status", "-p", "blog", "-e", "nowhere"]]
)
def test_options_stand_before_or_after_the_command(project: Path, words: list[str]) -> None:
    before, after = run(project, *words, "--json"), run(project, "--json", *words)
    assert before.json == after.json
    assert "nowhere" in before.json["message"]


@pytest.mark.parametrize("words", [["v1", "-p", "blog", "-e", "nowhere"], ["-p", "blog", "-e", "nowhere", "v1"]])
def test_deploy_takes_its_options_before_or_after_the_tag(project: Path, words: list[str]) -> None:
    ran = run(project, *words, "--json", entry="deploy_main")
    assert (ran.code, ran.json["command"]) == (2, "deploy")
    assert "nowhere" in ran.json["message"]


def test_an_option_has_an_environment_variable_and_the_line_wins_over_it(project: Path) -> None:
    variables = {"ROLLBACK_PLAYBOOK": "blog", "ROLLBACK_ENV": "nowhere"}
    assert "nowhere" in run(project, "status", **variables).err
    assert "elsewhere" in run(project, "status", "-e", "elsewhere", **variables).err


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("rollback -p shop deploy ", ["v1", "v2"]),
        ("rollback deploy -p shop v", ["v1", "v2"]),
        ("rollback -p shop --to ", ["v1", "v2"]),
        ("rollback status -p shop -e ", ["production", "staging"]),
        ("rollback status -p shop -e s", ["staging"]),
        ("rollback deploy -p nope ", []),
        ("rollback stat", ["status"]),
    ],
)
def test_the_shell_completes_commands_tags_and_environments(project: Path, line: str, completed: list[str]) -> None:
    count = len(line.split()) if line.endswith(" ") else len(line.split()) - 1
    variables = {"_ROLLBACK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(count)}
    ran = run(project, **variables)
    assert sorted(ran.out.split()) == completed
    assert ran.err == ""
