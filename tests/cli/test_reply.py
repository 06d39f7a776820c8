from __future__ import annotations

import json
from typing import Any

import pytest
from rich.text import Text

from rollback.cli.options import Options
from rollback.cli.reply import Reply, answer
from rollback.errors import (
    Abandoned,
    Fenced,
    NotAdmitted,
    OutsideProtocol,
    PlaybookInvalid,
    RollbackError,
    TagMoved,
    Unreachable,
    UsageError,
)

DONE = Reply({"a": 1}, ("one", Text("two")), 0, "it is done", "rollback status")


def _raising(error: BaseException) -> Any:
    def command(_: Options) -> Reply:
        raise error

    return command


@pytest.mark.parametrize(
    ("options", "exit_code", "out", "err"),
    [
        (Options(), 0, "one\ntwo\n", "  next      rollback status\n"),
        (Options(quiet=True), 0, "one\ntwo\n", ""),
        (Options(quiet=True), 12, "one\ntwo\n", "  next      rollback status\n"),
    ],
)
def test_the_answer_goes_to_stdout_and_the_next_command_to_stderr(
    capsys: pytest.CaptureFixture[str], options: Options, exit_code: int, out: str, err: str
) -> None:
    reply = Reply(DONE.data, DONE.shown, exit_code, DONE.message, DONE.hint)
    assert answer("x", lambda _: reply, options, {}) == exit_code
    assert tuple(capsys.readouterr()) == (out, err)


def test_with_json_stdout_is_the_envelope_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer("x", lambda _: DONE, Options(json=True), {}) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["data"], err) == ({"a": 1}, "")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("no"), 2, "usage: no"),
        (PlaybookInvalid(("a.yml:1: x", "a.yml:2: y")), 2, "a.yml:1: x\na.yml:2: y"),
        (TagMoved("no"), 3, "refused: no"),
        (Fenced("no"), 4, "held: no\n  next      rollback status"),
        (Abandoned("no"), 5, "abandoned, nothing live changed: no"),
        (Unreachable("web1: no"), 5, "not reachable: web1: no"),
        (NotAdmitted("web1: no"), 5, "not admitted: web1: no"),
        (OutsideProtocol("web1: no"), 5, "not understood: web1: no"),
        (KeyboardInterrupt(), 130, "\ninterrupted; nothing live was changed\n  next      rollback status"),
    ],
)
def test_an_error_is_said_as_what_it_is(
    capsys: pytest.CaptureFixture[str], error: RollbackError | KeyboardInterrupt, code: int, said: str
) -> None:
    assert answer("x", _raising(error), Options(), {}) == code
    assert tuple(capsys.readouterr()) == ("", said + "\n")


def test_a_bug_of_ours_ends_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert answer("x", _raising(ZeroDivisionError("boom")), Options(), {}) == 1
    (report,) = tmp_path.iterdir()
    assert "ZeroDivisionError: boom" in report.read_text()
    said = f"this is a bug of rollback's (ZeroDivisionError); the details are in {report}"
    assert tuple(capsys.readouterr()) == ("", f"{said}\n  next      rollback status\n")
