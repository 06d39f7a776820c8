"""What `rollback dashboard` refuses, in a sentence; and its copy in files, which needs neither server nor hosts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PLAYBOOK = """
app: shop
root: /srv/shop
restart: "true"
ledger: sqlite:///ledger.sqlite3
checks: [{name: up, command: "true", expect: {exit_status: 0}}]
environments:
  production: {hosts: [web1]}
  staging: {hosts: [web2]}
"""
_WITHOUT = "import sys; sys.modules['uvicorn'] = None; from rollback.cli import main; main()"


def ran(folder: Path, *words: str) -> tuple[int, str]:
    """`rollback dashboard words…` on a machine without the extra; its code, and all that it says."""
    (folder / "shop.yml").write_text(_PLAYBOOK)
    command = [sys.executable, "-c", _WITHOUT, "dashboard", "-p", "shop.yml", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "the dashboard needs uvicorn, which is not installed"),
        (("-n",), "a dashboard has no plan to show"),
        (("--export", "site", "--allow-actions"), "--export writes files"),
        (("--export", "shop.yml", "--every", "0s"), "--export shop.yml: can't write there"),
    ],
)
def test_what_can_not_be_done_is_wrong_usage(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, told = ran(tmp_path, *words)
    assert (code, said in told, "Traceback" in told) == (2, True, False), told


def test_a_copy_in_files_needs_no_extra(tmp_path: Path) -> None:
    assert ran(tmp_path, "--export", "site", "--every", "0s") == (0, "wrote 7 pages: site/index.html\n")
    assert "staging" in (tmp_path / "site/index.html").read_text()
    assert "Nothing was deployed or rolled back" in (tmp_path / "site/e~production~delivery.html").read_text()
