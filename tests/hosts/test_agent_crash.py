"""kill -9 of the agent wherever it may hurt: the next operation recovers, and a retry of the same one goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.errors import Unreachable
from rollback.hosts import requests
from rollback.hosts.protocol import Answer
from rollback.hosts.remote import Agent
from rollback.model import Release
from rollback.source.delta import delta
from tests.build import release
from tests.hosts.contract import NEW, OLD, Stage
from tests.hosts.local import LocalShell, in_turn
from tests.hosts.packages import PLAIN, Shared, host, package

THIRD = release("v0", "c" * 40)
POINTS = (
    *("put:token", "acquire"),
    *("enter:upload", "stage:archive", "stage:unpacked", "stage:discarded", "stage:renamed"),
    *("enter:prepare", "prepare:ran", "seal", "sealed"),
    *("enter:migrate", "migrate:journal", "migrate:ran"),
    *(
        "enter:activate",
        "activate:journal",
        "put:intent",
        "intent",
        "drained",
        "link",
        "moved",
        "switched",
        "restarted",
    ),
    *("enter:prune", "prune", "enter:finish", "finish:journal", "finish"),
)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder, as an earlier operation left it: OLD is live."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "root").mkdir()
    stage = Stage(Agent("web1", LocalShell()), host(folder / "root"), folder / "packages")
    stage.acquire("OP0")
    stage.bring(THIRD, OLD)
    stage.activate(OLD, None)
    stage.finish()
    return folder / "root"


@pytest.fixture
def ready(stage: Stage, root: Path, made: Path) -> Stage:
    subprocess.run(["cp", "-a", f"{made}/.", root], check=True)
    stage.host = replace(stage.host, drain="true", restart="true")
    return stage


def deploy(stage: Stage) -> list[Callable[[], Answer]]:
    made = package(NEW, stage.folder)
    turn = stage.turns.next
    return [
        lambda: stage.ask(requests.stage(stage.host, turn(), made)),
        lambda: stage.prepare(NEW, "true"),
        lambda: stage.migrate(NEW, journal=b"{}\n"),
        lambda: stage.activate(NEW, OLD, NEW, journal=b"{}\n"),
        lambda: stage.ask(requests.prune(stage.host, turn(), (THIRD.id,))),
        stage.finish,
    ]


def build_on_old(stage: Stage) -> Callable[[], Answer]:
    before, made = package(OLD, stage.folder), package(NEW, stage.folder, {**PLAIN, "new": b"x"})
    found = delta(made, OLD, before.manifest.read_bytes(), ())
    return lambda: stage.ask(requests.stage(stage.host, stage.turns.next(), made, found))


def killed(stage: Stage, shell: str, point: str) -> None:
    """Deploy NEW, and be killed at the failpoint."""
    fatal = Agent("web1", LocalShell(shell, {"ROLLBACK_FAILPOINT": point}))
    stage.remote, healthy = fatal, stage.remote
    with pytest.raises(Unreachable):
        attempt(stage)
    stage.remote = healthy


def attempt(stage: Stage) -> None:
    assert stage.acquire("OP1").status == "ok"
    for step in deploy(stage):
        assert step().status in {"ok", "already"}


def intact(stage: Stage, root: Path, live: Release) -> None:
    assert (root / "current").readlink() == Path("releases", live.id)
    assert (root / "current" / "REVISION").read_text() == f"{live.tag} {live.commit}\n"
    for one in stage.seen().releases:
        answer = stage.ask(requests.inspect(stage.host, (one,), Shared()))
        assert answer.first("kept") == f"{one.id} intact"


@pytest.mark.parametrize(("point", "shell"), in_turn(POINTS), indirect=["shell"])
def test_the_next_operation_recovers(ready: Stage, shell: str, root: Path, point: str) -> None:
    killed(ready, shell, point)
    assert (root / "current" / "REVISION").is_file(), "current is always a complete release"
    before, intent, journals = ready.seen().lease, ready.seen().intent, ready.seen().journals
    assert intent is None or intent.operation in journals, "who comes next finds out what was begun"
    assert ready.acquire("OP2", steal="OP1").status == "ok"
    assert before is None or ready.turns.token > before.token
    assert ready.activate(OLD, OLD, NEW).status == "ok"
    assert ready.finish().status == "ok"
    seen = ready.seen()
    assert (seen.live, seen.lease, seen.intent) == (OLD.id, None, None)
    intact(ready, root, OLD)


@pytest.mark.parametrize(("point", "shell"), in_turn(POINTS), indirect=["shell"])
def test_a_retry_of_the_same_operation_goes_on(ready: Stage, shell: str, root: Path, point: str) -> None:
    killed(ready, shell, point)
    attempt(ready)
    seen = ready.seen()
    assert (seen.live, seen.lease, seen.intent, seen.releases) == (NEW.id, None, None, (OLD, NEW))
    assert seen.previous == OLD.id
    intact(ready, root, NEW)


@pytest.mark.parametrize(("point", "shell"), in_turn(("stage:copied", "stage:unpacked")), indirect=["shell"])
def test_what_was_half_copied_is_built_anew(ready: Stage, shell: str, root: Path, point: str) -> None:
    ready.acquire()
    ready.remote, healthy = Agent("web1", LocalShell(shell, {"ROLLBACK_FAILPOINT": point})), ready.remote
    with pytest.raises(Unreachable):
        build_on_old(ready)()
    ready.remote = healthy
    assert (ready.seen().partial, build_on_old(ready)().status, ready.prepare(NEW).status) == ((), "ok", "ok")
    intact(ready, root, OLD)
