"""What a CI is told beside the answer, and that nothing of it changes how a command ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rollback.cli import outlet
from rollback.cli.options import Options
from rollback.cli.reply import Reply, answer
from rollback.core.explain import Explanation, Part, answers
from rollback.errors import Refused
from rollback.model import Grade, Outcome, Result, Verdict
from tests.build import V3, finding

FAILED = replace(finding(result=Result.FAIL), observed="password hunter2hunter2 was refused", evidence="\x1b[2Jboom")
WHY = Explanation(
    "gate",
    "production",
    Outcome.LEFT,
    Verdict(Grade.BAD, "login: 1 failure > limit 0", (FAILED,)),
    target=V3,
    parts=(Part("verify", V3, answers([FAILED]), Grade.BAD),),
)
BAD = Reply({"a": "##[error]x"}, ("::error::x",), 11, "v3 is bad", "rollback", WHY)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A step of a job; its files are `summary` and `output`."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("SMOKE_PASSWORD", "hunter2hunter2")
    outlet.secrets().resolve("${SMOKE_PASSWORD}")
    return tmp_path


def _refusing(_: Options) -> Reply:
    raise Refused("there is no tag v9", hint="git fetch")


def test_a_report_is_written_into_a_folder_that_is_made(tmp_path: Path) -> None:
    file = tmp_path / "reports/new/gate.xml"
    assert answer("gate", lambda _: BAD, Options(), {"junit": file}) == 11
    assert [suite.get("name") for suite in ElementTree.parse(file).getroot()] == ["verify v3", "verdict"]


def test_what_is_refused_is_reported_and_replaces_what_an_earlier_run_reported(tmp_path: Path) -> None:
    file = tmp_path / "gate.xml"
    file.write_text("<testsuites/>")
    assert answer("gate", _refusing, Options(), {"junit": file}) == 3
    assert [one.get("message") for one in ElementTree.parse(file).getroot().iter("error")] == ["there is no tag v9"]


def test_a_report_of_an_earlier_run_is_gone_before_anything_is_done(tmp_path: Path) -> None:
    file = tmp_path / "gate.xml"
    file.write_text("<testsuites/>")
    seen: list[str] = []

    def command(_: Options) -> Reply:
        seen.append(file.read_text())
        return BAD

    answer("gate", command, Options(), {"junit": file})
    assert seen == [""]


def test_where_no_report_can_be_written_nothing_is_begun(capsys: pytest.CaptureFixture[str]) -> None:
    begun: list[Options] = []
    assert answer("gate", begun.append, Options(), {"junit": Path("/proc/nowhere/gate.xml")}) == 2  # type: ignore[arg-type]
    assert begun == []
    assert capsys.readouterr().err == (
        "usage: --junit: /proc/nowhere/gate.xml can't be written: No such file or directory\n  next      --junit FILE\n"
    )


def test_github_is_told_once_and_no_secret_and_nothing_hidden(github: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer("gate", lambda _: BAD, Options(), {"junit": github / "gate.xml"}) == 11
    out, err = capsys.readouterr()
    assert out == ": :error::x\n"
    assert err == (
        "  next      rollback\n"
        "::error title=rollback gate::v3 is bad\n"
        "::error title=login on web1::login on web1: password [SMOKE_PASSWORD] was refused\n"
    )
    assert (
        github / "output"
    ).read_text() == "outcome=bad, left live\ntag=v3\nrolled_back_to=\noperation=\nledger_head=\n"
    written = (github / "summary").read_text() + (github / "gate.xml").read_text()
    assert "hunter2" not in written
    assert "\x1b" not in written
    assert "### ✗ v3 is bad" in written


def test_with_json_stdout_stays_one_object_and_holds_no_command(
    github: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer("gate", lambda _: BAD, Options(json=True), {})
    out, err = capsys.readouterr()
    assert (json.loads(out)["data"], "##[" in out) == ({"a": "##[error]x"}, False)
    assert err.count("::error title=") == 2
    assert sorted(path.name for path in github.iterdir()) == ["output", "summary"]


def test_what_only_looks_and_goes_well_is_not_told(github: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer("status", lambda _: Reply(None, ("fine",), 0, "fine"), Options(), {}) == 0
    assert (capsys.readouterr().err, list(github.iterdir())) == ("", [])


def test_what_can_not_be_told_is_said_and_changes_nothing(
    github: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/proc/nowhere/summary")
    assert answer("gate", _refusing, Options(), {}) == 3
    assert "/proc/nowhere/summary could not be written: No such file or directory\n" in capsys.readouterr().err
    assert (github / "output").read_text() == "outcome=refused\ntag=\nrolled_back_to=\noperation=\nledger_head=\n"


def test_a_terminal_is_not_told_what_github_is(capsys: pytest.CaptureFixture[str]) -> None:
    answer("gate", lambda _: BAD, Options(), {})
    assert capsys.readouterr() == ("::error::x\n", "  next      rollback\n")
