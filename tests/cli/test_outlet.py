"""The way out, as a process of its own: secrets, logs, warnings, threads and bugs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Ran

BEGIN = """
import logging, sys, threading, warnings
from rollback.cli import outlet
from rollback.cli.logs import guard
from rollback.cli.options import Options
from rollback.cli.reply import Reply, answer
from rollback.errors import Refused
options = Options(json="--json" in sys.argv)
guard(options)
outlet.secrets().resolve("${PASSWORD}")
def end(function):
    sys.exit(answer("x", function, options, {}))
"""
SECRET = "correct horse\x1b[2J"


def run(folder: Path, program: str, *words: str, **variables: str) -> Ran:
    environ = {**os.environ, "PYTHONPATH": str(Path.cwd()), "TMPDIR": str(folder), "PASSWORD": SECRET, **variables}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program, *words], capture_output=True, text=True, check=False, env=environ
    )
    assert "horse" not in done.stdout + done.stderr
    assert (done.stdout + done.stderr).replace("\n", "").isprintable()
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_secret_is_struck_from_errors_answers_and_hints(tmp_path: Path) -> None:
    program = f"""
def refused(_):
    raise Refused("no: " + {SECRET!r}, hint="curl -H 'Authorization: Bearer abcdef'")
end(refused)
"""
    assert run(tmp_path, program).err == (
        "refused: no: [PASSWORD]\n  next      curl -H 'Authorization: Bearer [hidden]'\n"
    )
    told = run(tmp_path, program, "--json").json
    assert (told["message"], told["hint"]) == ("no: [PASSWORD]", "curl -H 'Authorization: Bearer [hidden]'")


def test_a_secret_is_struck_from_data(tmp_path: Path) -> None:
    program = f"end(lambda _: Reply(data={{'a': ({SECRET!r},)}}, shown=({SECRET!r},)))"
    assert run(tmp_path, program).out == "[PASSWORD]\n"
    assert run(tmp_path, program, "--json").json["data"] == {"a": ["[PASSWORD]"]}


BUG = f"""
def broken(_):
    password = {SECRET!r}
    raise ZeroDivisionError("said \\x1b[2J " + password)
"""


def test_a_bugs_traceback_is_ours_alone_and_holds_no_secret(tmp_path: Path) -> None:
    program = BUG.replace(repr(SECRET), "sys.modules['os'].environ['PASSWORD']")
    ran = run(tmp_path, f"{program}\nsys.modules['os'].umask(0)\nend(broken)")
    (report,) = tmp_path.iterdir()
    text = report.read_text()
    assert text.splitlines()[-1] == "ZeroDivisionError: said \\x1b[2J [PASSWORD]"
    assert (stat.S_IMODE(report.stat().st_mode), text.replace("\n", "").isprintable(), ran.code) == (0o600, True, 1)


def test_a_bug_is_said_where_nothing_can_be_written(tmp_path: Path) -> None:
    program = f"{BUG}\nimport tempfile\ntempfile.tempdir = '/proc/nowhere'\nend(broken)"
    assert run(tmp_path, program).err == (
        "this is a bug of rollback's (ZeroDivisionError); its details could not be kept: No such file or directory\n"
        "  next      rollback status\n"
    )


def test_a_thread_that_dies_prints_no_traceback(tmp_path: Path) -> None:
    program = f"{BUG}\nthread = threading.Thread(target=broken, args=(0,))\nthread.start()\nthread.join()\n"
    ran = run(tmp_path, program)
    (report,) = tmp_path.iterdir()
    assert ran.err == f"this is a bug of rollback's (ZeroDivisionError); the details are in {report}\n"


LOGS = f"""
logging.getLogger("paramiko.transport").debug("sent \\x1b[2J %s", {SECRET!r})
logging.getLogger("httpx").error("GET https://ada:hunter2@shop.example/")
warnings.warn("old: token=abc")
"""


@pytest.mark.parametrize("variables", [{}, {"ROLLBACK_DEBUG": ""}, {"ROLLBACK_DEBUG": "0"}])
def test_what_libraries_log_is_not_seen(tmp_path: Path, variables: dict[str, str]) -> None:
    assert run(tmp_path, LOGS, **variables) == Ran(0, "", "")


def test_what_libraries_log_can_be_read_without_the_secrets(tmp_path: Path) -> None:
    lines = [line[10:] for line in run(tmp_path, LOGS, ROLLBACK_DEBUG="1").err.splitlines()]
    assert lines[:2] == [
        "paramiko.transport: sent \\x1b[2J [PASSWORD]",
        "httpx: GET https://ada:[hidden]@shop.example/",
    ]
    assert "UserWarning: old: token=[hidden]" in lines[2]
