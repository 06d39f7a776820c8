"""What a host builds on a release that it has is what a full upload would have brought; else it says so."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollback.hosts import requests
from rollback.hosts.protocol import Answer
from rollback.hosts.remote import Agent
from rollback.model import Release
from rollback.source.content import Item
from rollback.source.delta import Delta, delta
from rollback.source.manifest import Sort
from rollback.source.packed import Package, pack
from tests.build import release
from tests.hosts.contract import Stage
from tests.hosts.local import LocalShell
from tests.hosts.packages import Shared, host

V1, V2 = release("v1", "a" * 40), release("v2", "b" * 40)
BIG = b"the same in every release " * 40  # else nothing would ever pay
SHARED = Shared(("log",))
NAMES = ("a", "-rf", ".x", "b c", "new\nline", "\udcff", "é", "%41", "it's", "a\\b", "log", "tab\t")
MOMENTS = {V1: 1_500_000_000, V2: 1_600_000_000}

files = st.tuples(st.sampled_from((b"", b"x", b"y", BIG, BIG + b"!")), st.sampled_from((0o644, 0o755)))
entries = files | st.sampled_from(("a", "x/-rf", "new\nline", "")) | st.none()  # file, link's target, folder
places = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join) | st.just("REVISION")
Tree = Mapping[str, tuple[bytes, int] | str | None]
trees = st.dictionaries(places, entries, max_size=8)
PLAIN: Tree = {"big": (BIG, 0o644), "d/run": (b"#!", 0o755), "d/x": (b"1", 0o644), "d/link": "x", "log/k": (b"", 0o644)}
CHANGED: Tree = {**PLAIN, "d/x": (b"2", 0o644), "empty": None}


def items(tree: Tree) -> tuple[Item, ...]:
    """In folders that are there, too; what passes through something else is left out."""
    found: dict[str, Item] = {}
    for path, what in sorted(tree.items(), key=lambda one: one[0].count("/")):
        parents = [str(one) for one in reversed(Path(path).parents)][1:]
        if path in found or any(one in found and found[one].sort is not Sort.FOLDER for one in parents):
            continue
        for one in parents:
            found.setdefault(one, Item(Sort.FOLDER, one, 0o755))
        found[path] = _item(path, what)
    return tuple(sorted(found.values(), key=lambda one: os.fsencode(one.path)))


def _item(path: str, what: tuple[bytes, int] | str | None) -> Item:
    if not what and path != "REVISION":
        return Item(Sort.FOLDER, path, 0o755)
    if what and isinstance(what, str):
        return Item(Sort.LINK, path, target=what)
    content, mode = what or (b"", 0o644)
    return Item(Sort.FILE, path, mode, open=lambda: io.BytesIO(content))


def packed(folder: Path, one: Release, tree: Tree) -> Package:
    place = folder / one.tag
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return pack(items(tree), MOMENTS[one], one, place)


def less(new: Package, old: Package) -> Delta | None:
    return delta(new, old.release, old.manifest.read_bytes(), SHARED.dirs)


def bring(stage: Stage, made: Package, *commands: str) -> None:
    assert stage.stage(made).status == "ok"
    assert stage.prepare(made.release, *commands, shared=SHARED).status == "ok"


def build(stage: Stage, made: Package, found: Delta | None) -> Answer:
    assert found is not None, "it pays"
    return stage.ask(requests.stage(stage.host, stage.turns.next(), made, found))


def look(folder: Path) -> dict[str, tuple[object, ...]]:
    """All that is there, to the second and the bit."""
    return {str(one.relative_to(folder)): _seen(one) for one in sorted(folder.rglob("*"))}


def _seen(path: Path) -> tuple[object, ...]:
    found = path.lstat()
    holds: object = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
    moment = 0 if path.name == "REVISION" else int(found.st_mtime)
    return found.st_mode, found.st_nlink if path.is_file() else 0, moment, holds


@settings(max_examples=12)
@given(old=trees, new=trees)
def test_any_release_built_on_any_other_is_what_a_full_upload_brings(old: Tree, new: Tree) -> None:
    both = {"big": (BIG * 40, 0o644)}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        before, made = packed(folder, V1, {**old, **both}), packed(folder, V2, {**new, **both})
        stages = [Stage(Agent("web1", LocalShell()), host(folder / name), folder) for name in ("built", "full")]
        for stage in stages:
            Path(stage.host.root).mkdir()
            stage.acquire()
        bring(stages[0], before)
        found = less(made, before)
        assert build(stages[0], made, found).status == "ok"
        assert stages[1].stage(made).status == "ok"
        built, full = (look(Path(stage.host.root, "releases", V2.id)) for stage in stages)
        assert built == full
        os.system(f"chmod -R u+w {place}")


def _rewrite(path: Path) -> None:
    path.parent.chmod(0o755)
    path.unlink()
    path.write_bytes(b"?")
    path.chmod(0o444)


def _pipe(path: Path) -> None:
    path.parent.chmod(0o755)
    path.unlink()
    os.mkfifo(path)


def _swap(path: Path) -> None:
    """Its folder is a link to another one, which holds something else."""
    path.parents[1].chmod(0o755)
    path.parent.rename(path.parents[1] / "away")
    (path.parent).symlink_to("..")


DAMAGE: tuple[Callable[[Path], None], ...] = (Path.unlink, _rewrite, _pipe, _swap, lambda path: path.chmod(0o444))


@pytest.mark.parametrize("shell", ["dash"], indirect=True)
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_never_goes_into_a_new_release(
    stage: Stage, root: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    before, made = packed(tmp_path, V1, PLAIN), packed(tmp_path, V2, CHANGED)
    stage.acquire()
    bring(stage, before)
    (root / "releases" / V1.id / "d").chmod(0o755)
    damage(root / "releases" / V1.id / "d/run")
    answer = build(stage, made, less(made, before))
    assert (answer.status, answer.detail) == ("unlike", "d/run")
    assert stage.seen().partial == ()
    bring(stage, made)
    assert stage.ask(requests.inspect(stage.host, (V2,), SHARED)).first("kept") == f"{V2.id} intact"


@pytest.mark.parametrize("shell", ["dash"], indirect=True)
@pytest.mark.parametrize("command", ["echo 3 >d/x", "echo 3 >big", "rm d/link", "chmod 700 d"])
def test_what_prepare_rewrote_is_not_built_on(stage: Stage, tmp_path: Path, command: str) -> None:
    before, made = packed(tmp_path, V1, PLAIN), packed(tmp_path, V2, CHANGED)
    stage.acquire()
    bring(stage, before, command)
    gone = command == "echo 3 >d/x"  # the new release has another one anyway
    assert build(stage, made, less(made, before)).status == ("ok" if gone else "unlike")


def test_what_prepare_made_stays_behind(stage: Stage, root: Path, tmp_path: Path) -> None:
    before, made = packed(tmp_path, V1, PLAIN), packed(tmp_path, V2, CHANGED)
    stage.acquire()
    bring(stage, before, "mkdir .venv && touch .venv/x d/made")
    assert build(stage, made, less(made, before)).status == "ok"
    assert {one.name for one in (root / "releases" / V2.id).rglob("*")} == {
        *("big", "d", "run", "x", "link", "log", "k", "empty", "REVISION")
    }


def test_nothing_is_sent_twice(tmp_path: Path) -> None:
    before, made = packed(tmp_path, V1, PLAIN), packed(tmp_path, V2, CHANGED)
    found = less(made, before)
    assert found is not None
    changes = {line.split("\t")[0] + line.rpartition("\t")[2] for line in found.changes.decode().splitlines()}
    # What lies in a shared folder is not in a seal.
    assert changes == {"-fd/x", "+fd/x", "+dempty", "-dlog", "-flog/k", "+dlog", "+flog/k"}


@pytest.mark.parametrize("tree", [{}, {"big": (BIG + b"!", 0o644)}])
def test_what_would_not_pay_is_sent_whole(tmp_path: Path, tree: Tree) -> None:
    before = packed(tmp_path, V1, {"x": (b"1", 0o644), **tree})
    assert less(packed(tmp_path, V2, {"big": (BIG, 0o644)}), before) is None
