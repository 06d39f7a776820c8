"""Who may read what on a host: rollback's own files are for its user alone, the app's are what they were made as."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.hosts import requests
from tests.hosts.contract import NEW, OLD, Stage
from tests.hosts.packages import Shared, package

FILES = {"app.py": b"", "bin/run.sh": b"#!/bin/sh\n"}


@pytest.fixture(autouse=True, params=[0o000, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Of the login there."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return f"{path.lstat().st_mode & 0o7777:o}"


def modes(folder: Path, *names: str) -> dict[str, str]:
    return {name: mode(folder / name) for name in names}


def wide(root: Path) -> list[str]:
    """What of rollback's own others could read."""
    own = (root / ".rollback", *(root / ".rollback").rglob("*"))
    return [f"{path} {mode(path)}" for path in own if path.lstat().st_mode & 0o077]


def test_no_one_else_reads_its_state(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.host = replace(stage.host, restart="find ../../.rollback -perm /077 >>../../wide")
    for one in (OLD, NEW):
        stage.stage(one)
        assert wide(root) == []
        assert stage.prepare(one, "find ../../.rollback -perm /077 >>../../wide").status == "ok"
        assert wide(root) == []
    assert stage.activate(OLD, None).status == "ok"
    assert stage.activate(NEW, OLD, journal=b"{}\n", confirm=1).status == "ok"
    assert (root / ".rollback/heard").is_file()
    assert wide(root) == []
    stage.wait_for(lambda seen: seen.journals["OP1"] > 3)
    assert wide(root) == []
    stage.acquire("OP2")
    stage.ask(requests.prune(stage.host, stage.turns.next(), (NEW.id,)))
    assert stage.finish(keep="stranded").status == "ok"
    assert wide(root) == []
    stage.acquire("OP2")
    assert stage.finish().status == "ok"
    assert (wide(root), (root / "wide").read_text()) == ([], "")


def test_the_app_is_for_all_to_read(stage: Stage, root: Path) -> None:
    (root / "shared").mkdir(mode=0o755)
    (root / "shared/.env").touch()
    stage.acquire()
    stage.stage(package(NEW, stage.folder, FILES, {"link": "app.py"}, {"bin/run.sh": 0o755}))
    releases, release = root / "releases", root / "releases" / NEW.id
    staged = {".": "755", "app.py": "644", "bin": "755", "bin/run.sh": "755", "REVISION": "644"}
    assert (mode(releases), modes(release, *staged)) == ("755", staged)
    shared = Shared(("log/deep", "var"), (".env", "etc/.env"))
    (root / "shared/etc").mkdir()
    (root / "shared/etc/.env").touch()
    made = stage.prepare(NEW, "mkdir made && touch made/one && stat -c %a made made/one", shared=shared)
    assert made.all("out") == ("755", "644")
    sealed = {".": "555", "app.py": "444", "bin": "555", "bin/run.sh": "555", "REVISION": "444"}
    sealed |= {"made": "555", "made/one": "444", "log": "555", "etc": "555"}
    assert modes(release, *sealed) == sealed
    assert modes(root / "shared", "log", "log/deep", "var") == {"log": "755", "log/deep": "755", "var": "755"}
    stage.activate(NEW, None)
    stage.finish()
    assert modes(release, *sealed) == sealed


def test_the_apps_commands_have_the_usual_umask(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.bring(OLD)
    stage.activate(OLD, None)
    stage.stage(NEW)
    assert stage.prepare(NEW, "umask").all("out") == ("0022",)
    told = "echo $(umask) >>../../umasks"
    stage.host = replace(stage.host, drain=told, restart=told, undrain=told)
    stage.activate(NEW, OLD)
    stage.ask(requests.undrain(stage.host, stage.turns.next(), {}))
    assert (root / "umasks").read_text() == "0022\n" * 3
    assert stage.ask(requests.command(stage.host, "umask", 5, {})).all("out") == ("0022",)
