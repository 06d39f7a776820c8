"""A complete release, brought from one host to another that lacks it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from rollback.demo.sshd import Sshd
from rollback.errors import OutsideProtocol, SourceError
from rollback.hosts import requests
from rollback.hosts.protocol import Answer
from rollback.hosts.remote import Agent
from rollback.hosts.ssh import connect
from rollback.model import Host, Ssh
from tests.hosts.contract import NEW, OLD, Stage
from tests.hosts.local import LocalShell
from tests.hosts.packages import PLAIN, Shared, host, package

ODD = {**PLAIN, "näme with space": b"1", "new\nline": b"2", "per%cent/-rf": b"3", "\udcff": b"4", "back\\slash": b"5"}
LINKS = {"link": "app.py", "lib/up": "../app.py", "odd link": "näme with space"}
SHARED = Shared(dirs=("log", "lib/state"), files=(".env",))
PREPARE = "mkdir -p .venv/bin && ln -s /usr/bin/env .venv/bin/python && echo key >.venv/key && chmod 600 .venv/key"


@pytest.fixture
def other(stage: Stage, tmp_path: Path, shell: str) -> Stage:
    """A second host, with nothing on it."""
    (tmp_path / "other").mkdir()
    return Stage(Agent("web2", LocalShell(shell)), host(tmp_path / "other", "web2"), stage.folder)


def deployed(stage: Stage) -> Path:
    """NEW, with all that a release may hold. Returns its folder."""
    root = Path(stage.host.root)
    (root / "shared").mkdir()
    (root / "shared/.env").write_text("secret")
    stage.acquire()
    assert stage.stage(package(NEW, stage.folder, ODD, LINKS, {"run.sh": 0o755})).status == "ok"
    assert stage.prepare(NEW, PREPARE, shared=SHARED).status == "ok"
    return root / "releases" / NEW.id


def content(folder: Path) -> dict[str, object]:
    """Everything in it: a link's target, a file's bytes and mode, a folder's mode."""
    return {str(path.relative_to(folder)): _told(path) for path in folder.rglob("*")}


def _told(path: Path) -> object:
    if path.is_symlink():
        return path.readlink()
    return (path.stat().st_mode & 0o777, path.read_bytes() if path.is_file() else None)


def test_it_arrives_as_it_is(stage: Stage, other: Stage) -> None:
    source = deployed(stage)
    made = stage.fetch(NEW)
    (Path(other.host.root) / "shared").mkdir()
    (Path(other.host.root) / "shared/.env").write_text("other")
    other.acquire()
    assert other.stage(made) == Answer("ok")
    assert other.prepare(NEW, "test ! -e log && test ! -e .env && test ! -e lib/state").status == "ok"
    arrived = content(Path(other.host.root) / "releases" / NEW.id)
    assert arrived == {path: told for path, told in content(source).items() if path not in {"log", "lib/state", ".env"}}
    assert other.ask(requests.inspect(other.host, (NEW,), Shared())).first("kept") == f"{NEW.id} intact"
    assert other.activate(NEW, None).status == "ok"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda file: file.write_text("changed"), "1 entries differ from its manifest, one is app.py"),
        (lambda file: file.unlink(), "1 entries differ from its manifest, one is app.py"),
        (lambda file: file.chmod(0o555), "1 entries differ from its manifest, one is app.py"),
        (lambda file: (file.unlink(), file.symlink_to("run.sh")), "1 entries differ from its manifest, one is app.py"),
    ],
)
def test_what_is_damaged_goes_no_further(stage: Stage, change: Callable[[Path], object], sentence: str) -> None:
    file = deployed(stage) / "app.py"
    file.parent.chmod(0o755)
    file.chmod(0o644)
    change(file)
    with pytest.raises(SourceError) as refused:
        stage.fetch(NEW)
    assert str(refused.value) == f"v2 is damaged there: {sentence}"


def test_a_pipe_among_its_files_is_refused(stage: Stage) -> None:
    folder = deployed(stage)
    folder.chmod(0o755)
    os.mkfifo(folder / "pipe")
    with pytest.raises(SourceError, match=r"pipe is neither file, folder nor link"):
        stage.fetch(NEW)


def test_hard_links_arrive_as_files(stage: Stage, other: Stage) -> None:
    stage.acquire()
    assert stage.stage(NEW).status == "ok"
    assert stage.prepare(NEW, "ln app.py twin").status == "ok"
    other.acquire()
    assert other.stage(stage.fetch(NEW)) == Answer("ok")
    assert (Path(other.host.root) / "releases" / NEW.id / "twin").read_bytes() == PLAIN["app.py"]


def test_only_a_complete_release_is_given(stage: Stage) -> None:
    stage.acquire()
    stage.stage(NEW)
    with TemporaryFile() as came:
        assert [stage.ask(requests.fetch(stage.host, one, came)).status for one in (NEW, OLD)] == ["incomplete"] * 2


def test_what_can_not_be_read_is_said_to_be(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.bring(NEW)
    stub = stage.folder / "bin"
    stub.mkdir()
    (stub / "tar").write_text("#!/bin/sh\nhead -c 100000 /dev/urandom\necho tar: app.py: cannot read >&2\nexit 2\n")
    (stub / "tar").chmod(0o755)
    assert isinstance(stage.remote, Agent)
    broken = LocalShell(environment={"PATH": f"{stub}:{os.environ['PATH']}"})
    with TemporaryFile() as came:
        answer = Agent("web1", broken).ask(requests.fetch(stage.host, NEW, came))
    assert answer == Answer("failed", "it could not be packed: tar: app.py: cannot read", answer.fields)
    assert (root / "releases" / NEW.id).is_dir()


def test_a_login_that_talks_spoils_nothing(stage: Stage, shell: str) -> None:
    deployed(stage)

    class Talkative(LocalShell):
        def exec(self, command, *rest):  # type: ignore[no-untyped-def]
            return super().exec(f"printf 'Welcome!\\nrollback is great, no line break'; {command}", *rest)

    stage.remote = Agent("web1", Talkative(shell))
    assert stage.fetch(NEW).count == len(content(Path(stage.host.root) / "releases" / NEW.id)) - 4


def test_a_release_comes_over_ssh(stage: Stage, sshd: Sshd, tmp_path: Path) -> None:
    root = tmp_path / "far"
    root.mkdir()
    reached = Host(sshd.name, str(root), Ssh(config=str(sshd.world.ssh_config)))
    transport = connect(reached)
    far = Stage(Agent(sshd.name, transport), reached, tmp_path / "packages")
    try:
        deployed(far)
        stage.acquire()
        assert stage.stage(far.fetch(NEW)) == Answer("ok")
    finally:
        transport.close()


def test_a_release_that_is_too_large_is_refused(stage: Stage) -> None:
    stage.acquire()
    stage.bring(NEW)
    with TemporaryFile() as came, pytest.raises(OutsideProtocol):
        stage.ask(replace(requests.fetch(stage.host, NEW, came), cap=300))
