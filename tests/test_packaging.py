"""What is installed: the lock file, the wheel, and what a first `--help` loads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SLOW = {"fabric", "paramiko", "sqlalchemy", "git", "httpx", "pydantic", "jinja2", "rich", "rollback.model"}


def _pins() -> dict[str, str]:
    """Each requirement of the lock with what belongs to it, comments left out."""
    text = "\n".join(line for line in LOCK.splitlines() if not line.lstrip().startswith("#"))
    entries = re.split(r"\n(?=\S)", text.strip())
    return {re.split(r"\[|==", entry)[0]: entry for entry in entries}


def test_every_pin_of_the_lock_has_hashes() -> None:
    pins = _pins()
    assert len(pins) > 50
    assert [name for name, entry in pins.items() if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)] == []
    exact = re.compile(r"[a-z0-9-]+(\[[a-z,]+\])?==[0-9][^\s;]*( ; [^\\]+)? \\\n")
    assert [name for name, entry in pins.items() if not exact.match(entry)] == []


def test_the_lock_names_no_index_and_no_folder_of_a_machine() -> None:
    telling = re.compile(r"://|^-|--(?!hash=)[a-z]|file:|@ |(?:^|\s)[~.]?/\w", re.MULTILINE)
    assert telling.findall("\n".join(_pins().values())) == []
    assert re.findall(r"://|/(?:home|root|tmp|Users|usr|opt|var)/", LOCK) == []


def test_the_lock_holds_all_that_the_project_asks_for() -> None:
    versions = {name: re.split(r"[ \\;]", entry.split("==")[1])[0] for name, entry in _pins().items()}
    extras = [one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra]
    groups = [one for group in PROJECT["dependency-groups"].values() for one in group]
    asked = [*PROJECT["project"]["dependencies"], *extras, *groups, *PROJECT["build-system"]["requires"]]
    requirements = [Requirement(one) for one in asked]
    met = {str(one): one.specifier.contains(versions.get(canonicalize_name(one.name), "0")) for one in requirements}
    assert [one for one, is_met in met.items() if not is_met] == []


def test_the_wheel_holds_every_file_of_the_package_and_the_playbooks(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        points = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    playbooks = {f"rollback/{name}" for name in _files("playbooks")}
    assert {"rollback/hosts/agent/main.sh", "rollback/playbooks/reference.yml"} <= names
    assert {name for name in names if ".dist-info/" not in name} == _files("rollback") | playbooks
    assert points.splitlines() == [
        "[console_scripts]",
        "deploy = rollback.cli:deploy_main",
        "rollback = rollback.cli:main",
    ]


def _files(folder: str) -> set[str]:
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in found}


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"]])
def test_the_first_help_loads_no_slow_library(arguments: list[str]) -> None:
    loaded = _loaded_by("main", arguments)
    assert "rollback.cli.app" in loaded
    assert loaded & SLOW == set()


@pytest.mark.parametrize(
    ("entry", "arguments"), [("main", ["status", "-h"]), ("main", ["mark", "--help"]), ("deploy_main", ["--help"])]
)
def test_a_commands_help_loads_only_what_typer_itself_does(entry: str, arguments: list[str]) -> None:
    """typer reads a command's arguments with pydantic."""
    assert _loaded_by(entry, arguments) & SLOW <= {"pydantic"}


def test_only_the_command_that_is_called_is_built() -> None:
    asked = (
        "import sys; sys.argv = ['rollback', 'schema', '-h']; from rollback.cli import main, tree\n"
        "try: main()\n"
        "except SystemExit: print([name for name, one in tree.COMMANDS.data.items() if one.cache_info().currsize])"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['schema']"


def _loaded_by(entry: str, arguments: list[str]) -> set[str]:
    """The modules that one command's own process has loaded at its end."""
    program = f"""
import json, sys
from rollback.cli import {entry}
sys.argv = ["rollback", *{arguments!r}]
try:
    {entry}()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout
    return set(json.loads(done.stderr.splitlines()[-1]))
