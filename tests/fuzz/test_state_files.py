"""The real agent on a host whose own files were torn, filled with rubbish or replaced: it lets a rollback through, and
refuses one only where it can't lock. Nothing of it hangs or reaches a terminal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rollback.hosts import requests
from rollback.hosts.protocol import Answer
from rollback.hosts.reading import sighting
from rollback.hosts.remote import Agent
from rollback.hosts.sentences import sentence
from rollback.text import clean
from tests.hosts.contract import NEW, OLD, Stage
from tests.hosts.local import LocalShell
from tests.hosts.packages import host

FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FILES = [
    "token",
    "lease",
    "intent",
    "answer",
    "previous",
    "preparing",
    "journal/OP1.jsonl",
    "next/lease",
    "mutex",
    "busy",
]
LOCKS = FILES[-2:]
WORDS = [b"OP1", b"3", b"-1", b"0x7", b"08", b"9" * 40, b"$(id)", b"`id`", b"*", b"..", b"-", b"prepared", b"answered"]
RUBBISH = st.lists(st.sampled_from(WORDS), max_size=8).map(b" ".join) | st.binary(max_size=80)


@pytest.fixture(scope="module", params=["dash", "busybox sh"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A host with OLD and NEW complete, NEW live, under a lease that goes on."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "root").mkdir()
    stage = Stage(Agent("web1", LocalShell(request.param)), host(folder / "root"), folder / "packages")
    stage.acquire()
    stage.bring(OLD, NEW)
    assert stage.activate(OLD, None).status == stage.activate(NEW, OLD).status == "ok"
    return request.param, folder / "root"


@pytest.fixture
def haunted(template: tuple[str, Path], tmp_path: Path) -> Callable[[], Stage]:
    """The same host once more, to be spoilt."""
    shell, root = template

    def make() -> Stage:
        copy = Path(mkdtemp(dir=tmp_path)) / "root"
        shutil.copytree(root, copy, symlinks=True)
        return Stage(Agent("web1", LocalShell(shell)), host(copy), tmp_path / "packages")

    return make


def answers(stage: Stage, answer: Answer) -> str:
    """Its status; and what is said of it is fit to be seen."""
    said = sentence(answer, stage.host).text if answer.status not in {"ok", "already"} else ""
    assert clean(said, 1 << 20) == said
    return answer.status


def rolls_back(stage: Stage) -> None:
    """What any rollback does, with the right of whoever takes it: it comes to OLD, or is refused in so many words."""
    seen = stage.ask(requests.sight(stage.host))
    assert answers(stage, seen) == "ok"
    assert sighting(stage.host, seen).live == NEW.id
    taken = stage.acquire("OP2")
    if answers(stage, taken) == "held":
        taken = stage.acquire("OP2", steal=(taken.first("lease") or "").split(" ")[0])
    assert answers(stage, taken) == "ok"
    assert answers(stage, stage.activate(OLD, NEW)) == "ok"
    assert answers(stage, stage.finish()) == "ok"
    assert sighting(stage.host, stage.ask(requests.sight(stage.host))).live == OLD.id


@FEW
@given(st.lists(st.tuples(st.sampled_from(FILES), RUBBISH), min_size=1, max_size=4))
@example([("token", b""), ("lease", b"OP1 0 x 9 9 x x")])
@example([("token", b"9" * 15), ("answer", b"OP2 1 0 answered\nrollback/1 end ok\n")])
def test_files_full_of_rubbish_do_not_stop_a_rollback(
    haunted: Callable[[], Stage], spoilt: list[tuple[str, bytes]]
) -> None:
    stage = haunted()
    for name, text in spoilt:
        path = Path(stage.host.root, ".rollback", name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
    rolls_back(stage)


@FEW
@given(st.sampled_from(FILES), st.integers(0, 200))
def test_torn_files_do_not_stop_a_rollback(haunted: Callable[[], Stage], name: str, at: int) -> None:
    stage = haunted()
    path = Path(stage.host.root, ".rollback", name)
    if path.exists():
        path.write_bytes(path.read_bytes()[:at])
    rolls_back(stage)


def spoil(path: Path, how: str) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    match how:
        case "a folder":
            path.mkdir()
        case "a link to nowhere":
            path.symlink_to("/nowhere/at/all")
        case "a link to a device":
            path.symlink_to("/dev/zero")
        case "a pipe":
            os.mkfifo(path)
        case "huge":
            path.write_bytes(b"OP1 " * 20_000)


WAYS = ["a folder", "a link to nowhere", "a link to a device", "a pipe", "huge"]


@pytest.mark.parametrize("name", ["next", *(name for name in FILES if name not in LOCKS)])
@pytest.mark.parametrize("how", WAYS)
def test_what_stands_in_a_files_place_does_not_stop_a_rollback(
    haunted: Callable[[], Stage], name: str, how: str
) -> None:
    stage = haunted()
    spoil(Path(stage.host.root, ".rollback", name), how)
    rolls_back(stage)


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("how", WAYS[:-1])
def test_what_stands_in_a_locks_place_is_named(haunted: Callable[[], Stage], name: str, how: str) -> None:
    stage = haunted()
    path = Path(stage.host.root, ".rollback", name)
    spoil(path, how)
    taken = stage.acquire()
    refused = taken if taken.status != "ok" else stage.activate(OLD, NEW)
    assert sentence(refused, stage.host).text == f"{path} can't be written to"
