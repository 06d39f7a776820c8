"""`rollback runbook` as CI and a person run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Ran, run

PLAYBOOK = """
app: shop
root: /srv/shop
environments: {production: {hosts: [web1, web2]}}
checks: {name: up, tcp: {port: "80"}}
"""
CHECK = ("runbook", "--check")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/shop.yml").write_text(PLAYBOOK)
    return tmp_path


def change(project: Path) -> None:
    (project / "playbooks/shop.yml").write_text(PLAYBOOK.replace("web2", "web7"))


def test_it_is_written_and_checked_and_what_people_wrote_is_kept(project: Path) -> None:
    file = project / "RUNBOOK.md"
    missing = run(project, *CHECK)
    assert (missing.code, file.exists()) == (3, False)
    assert run(project, "runbook").out == "✓ wrote RUNBOOK.md\n"
    file.write_bytes(b"\xffmine\r\n" + file.read_bytes() + b"theirs\r\n")
    file.chmod(0o640)
    assert run(project, *CHECK).out == "✓ RUNBOOK.md matches shop.yml\n"
    change(project)
    stale = run(project, *CHECK)
    assert (stale.code, "no longer matches shop.yml: line " in stale.err) == (3, True), stale
    assert run(project, "runbook", "--json").json["data"]["changed"] is True
    assert run(project, *CHECK).code == 0
    found = file.read_bytes()
    assert found.startswith(b"\xffmine\r\n# Runbook\n")
    assert found.endswith(b"-->\ntheirs\r\n")
    assert b"`ssh web7`" in found
    assert (file.stat().st_mode & 0o777, list(project.glob(".RUNBOOK*"))) == (0o640, [])


def test_printed_it_is_the_block_and_nothing_is_written(project: Path) -> None:
    printed = run(project, "runbook", "--stdout")
    assert (printed.code, (project / "RUNBOOK.md").exists()) == (0, False)
    run(project, "runbook")
    assert (project / "RUNBOOK.md").read_text() == f"# Runbook\n\n{printed.out}"


def test_a_link_stays_one_and_a_folder_is_no_runbook(project: Path) -> None:
    (project / "docs").mkdir()
    (project / "RUNBOOK.md").symlink_to("docs/night.md")
    assert run(project, "runbook").code == 0
    assert (project / "docs/night.md").read_text().startswith("# Runbook\n")
    (project / "RUNBOOK.md").unlink()
    (project / "RUNBOOK.md").mkdir()
    _refused(run(project, "runbook"), "cannot read RUNBOOK.md: Is a directory")


def _refused(ran: Ran, sentence: str) -> None:
    assert (ran.code, sentence in ran.err) == (3, True), ran


@pytest.mark.parametrize("words", [("-n",), ("--check", "--stdout")])
def test_what_writes_nothing_has_no_plan(project: Path, words: tuple[str, ...]) -> None:
    assert run(project, "runbook", *words).code == 2
