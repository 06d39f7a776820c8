"""From a repository to a playbook that loads and a runbook that names its hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from rollback.errors import PlaybookInvalid, Refused, SourceError
from rollback.init import Found, Framework, look, next_steps, write
from rollback.playbook.load import load
from tests.init.kinds import DJANGO, FACTORY, FASTAPI, FLASK, NODE, STATIC, UNKNOWN
from tests.source.checkout import Checkout

FOUND = Found(
    app="shop",
    framework=Framework.FLASK,
    tags=("v1.1.0", "v1.0.0"),
    pattern="v*",
    health="/healthz",
    port=8000,
    prepare=("python3 -m venv .venv",),
    start=".venv/bin/gunicorn app:app",
)
EVERY = pytest.mark.parametrize("files", [FLASK, FACTORY, DJANGO, FASTAPI, NODE, STATIC, UNKNOWN])


def test_a_repository_is_looked_at_with_its_tags(tmp_path: Path) -> None:
    found = look(_repository(tmp_path / "My Shop", FLASK, "v1.0.0", "v1.1.0", "nightly"))
    assert found == replace(
        FOUND,
        app="my-shop",
        prepare=("python3 -m venv .venv", ".venv/bin/pip install -q -r requirements.txt"),
        start=".venv/bin/gunicorn --bind 127.0.0.1:8000 shop.web:app",
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (NODE, "shop"),
        (FACTORY, "shop"),
        (UNKNOWN, "x"),
        ({"package.json": '{"name": "../; rm -rf ~ \\u202e"}'}, "rm-rf"),
    ],
)
def test_the_app_has_a_name_fit_for_files_and_units(tmp_path: Path, files: Mapping[str, str], expected: str) -> None:
    assert look(_repository(tmp_path / "X!", files)).app == expected


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        look(tmp_path)


@EVERY
def test_what_is_written_loads_and_can_fail(tmp_path: Path, files: Mapping[str, str]) -> None:
    folder = _repository(tmp_path / "x", files, "v1.0.0")
    found = look(folder)
    written = write(found, ("web1", "deploy@web2", "2001:db8::1"), folder)
    playbook = load(written[0])
    production = playbook.environment()
    assert written == (folder / "playbooks" / f"{found.app}.yml", folder / "RUNBOOK.md")
    assert (playbook.app, playbook.tags, playbook.prepare) == (found.app, found.pattern, found.prepare)
    assert [(host.name, host.ssh.user) for host in production.hosts] == [
        ("web1", None),
        ("web2", "deploy"),
        ("2001:db8::1", None),
    ]
    assert {check.kind for check in playbook.checks} & ({"http"} if found.health else {"tcp"})


@EVERY
def test_the_runbook_names_the_real_hosts_and_only_commands_that_there_are(
    tmp_path: Path, files: Mapping[str, str]
) -> None:
    from rollback.cli.app import app

    folder = _repository(tmp_path / "x", files)
    _, runbook = write(look(folder), ("web1", "deploy@web2"), folder)
    text = runbook.read_text()
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:^ {4}|`)rollback ([a-z]+)", text, re.MULTILINE))
    assert named <= known
    assert {"status", "show", "check", "releases", "mark", "verify", "prune"} <= named
    assert "ssh web1 " in text
    assert "`ssh deploy@web2`" in text
    assert text.count("**It worked when**") == 7
    assert "[[" not in text + (folder / "playbooks" / f"{look(folder).app}.yml").read_text()


def test_every_link_in_the_runbook_leads_to_a_section(tmp_path: Path) -> None:
    _, runbook = write(FOUND, ("web1",), tmp_path)
    text = runbook.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    linked = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert linked
    assert linked <= anchors


@pytest.mark.parametrize("there", ["playbooks/shop.yml", "RUNBOOK.md"])
def test_nothing_is_written_over(tmp_path: Path, there: str) -> None:
    path = tmp_path / there
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("nowhere")
    with pytest.raises(Refused, match="there is already"):
        write(FOUND, ("web1",), tmp_path)
    assert _files(tmp_path) == [there]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "playbooks").write_text("a file")
    with pytest.raises(Refused, match="cannot write"):
        write(FOUND, ("web1",), tmp_path)


@pytest.mark.parametrize(
    ("app", "hosts"),
    [
        ("shop", ()),
        ("shop", ("",)),
        ("shop", ("-oProxyCommand=id",)),
        ("shop", ("web1\n  - evil",)),
        ("shop", ("web1, evil: {x: y}",)),
        ("shop", ("\udcff",)),
        ("shop", ("a'b@web1",)),
        ("../shop", ("web1",)),
        ("a\nb", ("web1",)),
        ("", ("web1",)),
    ],
)
def test_what_is_no_name_is_a_fault_and_nothing_is_written(tmp_path: Path, app: str, hosts: tuple[str, ...]) -> None:
    with pytest.raises(PlaybookInvalid, match=r"^playbooks/.*\.yml was not written: ") as caught:
        write(replace(FOUND, app=app), hosts, tmp_path)
    assert caught.value.hint == "rollback init --host HOST --app NAME"
    assert _files(tmp_path) == []


def test_a_host_named_twice_is_written_once(tmp_path: Path) -> None:
    playbook, _ = write(FOUND, ("web1", "web1"), tmp_path)
    assert [host.name for host in load(playbook).environment().hosts] == ["web1"]


def test_the_next_steps_are_said_with_the_real_tag_and_host(tmp_path: Path) -> None:
    assert next_steps(FOUND, ("deploy@web1", "web2"), (tmp_path / "shop.yml",)) == (
        "  found     a flask app, tags v* (2, the newest v1.1.0), health route /healthz, port 8000",
        "  1. read shop.yml: what was guessed is marked so",
        "  2. on each host, the folder: ssh -t deploy@web1 'sudo install -d -o \"$USER\" /srv/shop'",
        "  3. rollback check            are the hosts ready?",
        "  4. rollback deploy v1.1.0",
    )


def test_without_a_tag_the_next_steps_say_how_to_make_one(tmp_path: Path) -> None:
    steps = next_steps(replace(FOUND, tags=(), health=None), ("web1",), (tmp_path / "shop.yml",))
    assert steps[0] == "  found     a flask app, no release tags yet (tags: v*), no health route: add one, port 8000"
    assert [step.split("  there")[0].strip() for step in steps[-2:]] == ["git tag v1.0.0", "4. rollback deploy v1.0.0"]


def _repository(folder: Path, files: Mapping[str, str], *tags: str) -> Path:
    Checkout.init(folder).commit(dict(files), *tags)
    return folder


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or path.is_file())
