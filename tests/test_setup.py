"""The set-up says what is missing, and what to do. Tried on machines that lack something: folders of programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BASICS = ("bash", "cat", "cut", "dirname", "env", "id", "sha256sum")
DEMO = ("flock", "git", "nginx", "ps", "ssh", "sshd", "timeout")
TESTS = (
    *("busybox", "chromium", "dash", "fish", "ip", "node", "npm", "prometheus", "runsv", "shellcheck", "sudo"),
    *("supervisord", "tcsh", "zsh"),
)
# It makes a .venv whose python is itself, and notes what it was asked.
_PYTHON = """echo "$@" >>{folder}/asked
test "$2" != venv || {{ mkdir -p .venv/bin && ln -s {folder}/bin/python3 .venv/bin/python; }}"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout on a machine with the programs, but for Python; its `bin` is its whole PATH but for sbin."""
    for name in ("scripts/setup", "requirements.lock", "pyproject.toml"):
        copy = tmp_path / "checkout" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
    (tmp_path / "bin").mkdir()
    for name in (*BASICS, *DEMO, *TESTS):
        found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        assert found, f"{name} is not installed"
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def test_an_old_python_is_named_with_what_to_do(machine: Path) -> None:
    _program(machine, "python3", 'test "$1" != --version || { echo Python 3.9.2; exit 0; }; exit 1')
    assert _setup(machine) == (
        1,
        "setup: Python 3.11 or newer is needed; here is Python 3.9.2.\n"
        "setup:   install one (as python3.12, say), or name it: make setup PYTHON=/path/to/python3\n",
    )


def test_no_python_at_all_is_said(machine: Path) -> None:
    code, said = _setup(machine)
    assert (code, said.splitlines()[0]) == (1, "setup: Python 3.11 or newer is needed; here is no python3.")


def test_missing_programs_are_named_as_packages_where_there_is_no_apt(machine: Path) -> None:
    (machine / "bin" / "busybox").unlink()
    (machine / "bin" / "shellcheck").unlink()
    assert _setup(machine) == (
        1,
        "setup: these Debian packages are needed, or what holds the same programs here: busybox shellcheck\n"
        "setup:   install them, then run the same command again\n",
    )


def test_the_demo_needs_no_program_that_only_the_tests_run(machine: Path) -> None:
    for name in TESTS:
        (machine / "bin" / name).unlink()
    _program(machine, "python3", "exit 1")
    assert _setup(machine, "demo")[1].startswith("setup: Python 3.11 or newer is needed")


def test_without_the_right_to_install_the_command_is_said(machine: Path) -> None:
    (machine / "bin" / "busybox").unlink()
    (machine / "bin" / "id").unlink()
    _program(machine, "id", "echo 1000")
    _program(machine, "sudo", "exit 1")
    _program(machine, "apt-get", "echo must not run; exit 1")
    assert _setup(machine) == (
        1,
        "setup: these packages are missing, and there is no right to install them: busybox\n"
        "setup:   sudo apt-get update && sudo apt-get install --yes --no-install-recommends busybox\n",
    )


def test_a_checkout_that_is_set_up_is_left_alone(machine: Path) -> None:
    _program(machine, "python3", _PYTHON.format(folder=machine))
    for name in ("mkdir", "ln"):
        (machine / "bin" / name).symlink_to(shutil.which(name) or "")
    first, second = _setup(machine), _setup(machine)
    asked = (machine / "asked").read_text().splitlines()
    assert (first[0], second) == (0, (0, ""))
    assert [line for line in asked if "install" in line] == [
        "-m pip --disable-pip-version-check install --quiet --quiet --require-hashes -r requirements.lock",
        "-m pip --disable-pip-version-check install --quiet --quiet --no-deps --no-build-isolation --editable .",
    ]


def test_a_new_lock_file_is_installed(machine: Path) -> None:
    test_a_checkout_that_is_set_up_is_left_alone(machine)
    with (machine / "checkout" / "requirements.lock").open("a") as lock:
        lock.write("# newer\n")
    assert _setup(machine) == (0, "setup: installing what requirements.lock names (a minute or so, once)\n")


def _program(machine: Path, name: str, text: str) -> None:
    path = machine / "bin" / name
    path.unlink(missing_ok=True)  # a link to the machine's own, which must not be written through
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def _setup(machine: Path, *words: str) -> tuple[int, str]:
    """Exit code, and what it said."""
    command = [shutil.which("bash") or "bash", "scripts/setup", *words]
    environment = {"PATH": str(machine / "bin"), "HOME": str(machine)}
    done = subprocess.run(
        command, cwd=machine / "checkout", env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr
