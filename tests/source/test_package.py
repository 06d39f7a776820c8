"""From a tag to an archive and its manifest: the same bytes every time, checked whenever they are used."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from rollback.errors import Abandoned, SourceError
from rollback.source.manifest import Entry, Sort, read, write
from rollback.source.package import package
from rollback.source.packed import Package
from rollback.source.repository import Repository
from tests.source.checkout import Checkout


@dataclass(frozen=True)
class Build:
    run: str
    artifact: str


def packed(checkout: Checkout, cache: Path, build: Build | None = None, tag: str = "v1") -> Package:
    repository = Repository.open(checkout.folder)
    return package(lambda: repository, repository.release(tag, "*"), build, cache)


def entries(made: Package) -> tuple[Entry, ...]:
    return read(made.manifest.read_bytes())


def found(folder: Path) -> tuple[Entry, ...]:
    """What a folder really holds, in the manifest's terms."""
    return read(write(_entry(folder, Path(top) / name) for top, some, more in os.walk(folder) for name in some + more))


def _entry(folder: Path, path: Path) -> Entry:
    name, mode = str(path.relative_to(folder)), path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return Entry(Sort.LINK, name, content=str(path.readlink()))
    if stat.S_ISDIR(mode):
        return Entry(Sort.FOLDER, name, stat.S_IMODE(mode))
    return Entry(
        Sort.FILE, name, stat.S_IMODE(mode), path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    )


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def fill(checkout: Checkout) -> None:
    long = "/".join(["a long name of a folder"] * 12)
    checkout.write({"app.py": "print()\n", "bin/run": "#!/bin/sh\n", "odd\n%\t": "odd", long: "long"})
    (checkout.folder / "bin" / "run").chmod(0o755)
    (checkout.folder / "link").symlink_to("bin/run")
    (checkout.folder / os.fsdecode(b"caf\xe9" * 60)).write_text("latin")
    checkout.commit({}, "v1")


@pytest.mark.parametrize("unpack", [["tar"], ["busybox", "tar"]], ids=["GNU", "busybox"])
def test_what_is_unpacked_is_what_the_manifest_says(
    checkout: Checkout, cache: Path, tmp_path: Path, unpack: list[str]
) -> None:
    fill(checkout)
    made = packed(checkout, cache)
    target = tmp_path / "unpacked"
    target.mkdir()
    subprocess.run([*unpack, "-xzf", str(made.archive), "-C", str(target)], check=True, umask=0o022)
    assert found(target) == entries(made)
    assert (made.count, made.size) == (len(found(target)), sum(entry.size for entry in entries(made)))
    assert made.digest == hashlib.sha256(made.archive.read_bytes()).hexdigest()


def test_the_manifest_of_a_tree(checkout: Checkout, cache: Path) -> None:
    checkout.write({"app.py": "1", "bin/run": "2"})
    (checkout.folder / "bin" / "run").chmod(0o700)
    (checkout.folder / "link").symlink_to("bin/run")
    checkout.commit({}, "v1")
    assert entries(packed(checkout, cache)) == (
        Entry(Sort.FILE, "app.py", 0o644, 1, sha("1")),
        Entry(Sort.FOLDER, "bin", 0o755),
        Entry(Sort.FILE, "bin/run", 0o755, 1, sha("2")),
        Entry(Sort.LINK, "link", content="bin/run"),
    )


def test_the_whole_tree_is_packed_though_the_playbook_is_in_a_folder_of_it(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"a": "1", "deploy/shop.yml": "2"}, "v1")
    repository = Repository.open(checkout.folder / "deploy")
    made = package(lambda: repository, repository.release("v1", "*"), None, cache)
    assert [entry.path for entry in entries(made)] == ["a", "deploy", "deploy/shop.yml"]


def test_the_same_commit_gives_the_same_bytes_wherever_it_is_packed(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(checkout)
    (checkout.folder / ".gitattributes").write_text("*.py text\n")
    checkout.commit({}, "v1")
    first = packed(checkout, tmp_path / "one")
    checkout.git("clone", "--quiet", "--bare", ".", str(tmp_path / "elsewhere.git"))
    settings = "[core]\nautocrlf = true\neol = crlf\nattributesFile = ~/attributes\n[tar]\numask = 0077\n"
    (tmp_path / "gitconfig").write_text(settings)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "attributes").write_text("* export-ignore\n")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    old = os.umask(0o077)
    try:
        second = packed(Checkout(tmp_path / "elsewhere.git"), tmp_path / "two")
    finally:
        os.umask(old)
    assert second == replace(first, archive=second.archive, manifest=second.manifest)
    assert second.manifest.read_bytes() == first.manifest.read_bytes()


def test_the_archive_bears_the_commits_time_and_no_owner(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    with tarfile.open(packed(checkout, cache).archive) as archive:
        (info,) = archive.getmembers()
    assert (info.mtime, info.uid, info.gid, info.uname, info.gname) == (checkout.moment, 0, 0, "", "")


def test_export_ignore_and_export_subst_are_honoured(checkout: Checkout, cache: Path) -> None:
    attributes = "secret export-ignore\nversion export-subst\n.gitattributes export-ignore\n"
    commit = checkout.commit({"secret": "x", "version": "$Format:%H$", ".gitattributes": attributes}, "v1")
    assert entries(packed(checkout, cache)) == (Entry(Sort.FILE, "version", 0o644, 40, sha(commit)),)


def test_two_commits_of_one_tree_are_two_packages(checkout: Checkout, cache: Path) -> None:
    files = {"version": "$Format:%H$", ".gitattributes": "version export-subst\n"}
    first, second = checkout.commit(files, "v1"), checkout.commit(files, "v2")
    versions = [entries(packed(checkout, cache, tag=tag))[-1].content for tag in ("v1", "v2")]
    assert versions == [sha(first), sha(second)]


# What is refused.


def test_a_submodule_is_refused_unless_there_is_a_build(checkout: Checkout, cache: Path) -> None:
    commit = checkout.commit({"a": "1"})
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/lib\x1b")
    checkout.git("commit", "--quiet", "-m", "a submodule")
    checkout.git("tag", "v1")
    with pytest.raises(SourceError, match=r"v1 has submodules \(vendor/lib\\x1b\)"):
        packed(checkout, cache)
    assert packed(checkout, cache, Build("mkdir out && cp a out/", "out")).count == 1


def test_an_escaping_link_is_refused(checkout: Checkout, cache: Path) -> None:
    (checkout.folder / "etc").symlink_to("/etc")
    checkout.commit({}, "v1")
    with pytest.raises(SourceError, match=r"etc is a link that leaves the release \(to /etc\)"):
        packed(checkout, cache)


def test_an_empty_tree_is_refused(checkout: Checkout, cache: Path) -> None:
    checkout.commit({}, "v1")
    with pytest.raises(SourceError, match="the tree of v1 is empty"):
        packed(checkout, cache)


def test_a_missing_file_says_how_to_get_it(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    blob = checkout.git("rev-parse", "v1:a")
    (checkout.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(SourceError, match="git can't give the tree of v1") as caught:
        packed(checkout, cache)
    assert caught.value.hint == f"git -C {checkout.folder} fetch --depth 1 origin tag v1"


def test_a_partial_clone_gets_what_it_lacks(checkout: Checkout, tmp_path: Path, cache: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    checkout.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    checkout.git("clone", "--quiet", "--bare", "--filter=blob:none", f"file://{checkout.folder}", str(partial))
    assert entries(packed(Checkout(partial), cache)) == (Entry(Sort.FILE, "a", 0o644, 1, sha("1")),)


# The cache.


def test_a_package_is_made_once(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    first = packed(checkout, cache)
    before = first.archive.stat()
    assert packed(checkout, cache) == first
    assert first.archive.stat().st_ino == before.st_ino
    assert [path.name for path in first.archive.parent.parent.iterdir()] == [first.release.commit]


@pytest.mark.parametrize("name", ["archive.tar.gz", "manifest", "seal"])
@pytest.mark.parametrize("harm", ["changed", "emptied", "deleted"])
def test_a_damaged_package_is_made_anew(checkout: Checkout, cache: Path, name: str, harm: str) -> None:
    checkout.commit({"a": "1"}, "v1")
    first = packed(checkout, cache)
    content, path = first.archive.read_bytes(), first.archive.parent / name
    match harm:
        case "changed":
            path.write_bytes(b"x" + path.read_bytes()[1:])
        case "emptied":
            path.write_bytes(b"")
        case _:
            path.unlink()
    assert packed(checkout, cache) == first
    assert first.archive.read_bytes() == content


def test_a_cache_that_cannot_be_written_is_done_without(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    (tmp_path / "cache").write_text("in the way")
    made = packed(checkout, tmp_path / "cache")
    assert made.digest == hashlib.sha256(made.archive.read_bytes()).hexdigest()
    assert made.digest == packed(checkout, tmp_path / "elsewhere").digest


# Builds.


def test_a_build_runs_in_a_clean_export_of_the_tag(checkout: Checkout, cache: Path) -> None:
    commit = checkout.commit({"a": "of the tag"}, "v1")
    checkout.write({"a": "of the work tree", "untracked": ""})
    build = Build(
        'mkdir -p out/empty; cp * out/ 2>/dev/null; echo "$ROLLBACK_TAG $ROLLBACK_COMMIT" >out/version', "out/"
    )
    assert entries(packed(checkout, cache, build)) == (
        Entry(Sort.FILE, "a", 0o644, 10, sha("of the tag")),
        Entry(Sort.FOLDER, "empty", 0o755),
        Entry(Sort.FILE, "version", 0o644, 44, sha(f"v1 {commit}\n")),
    )


def test_a_build_may_leave_a_tar(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"src/a": "1"}, "v1")
    made = packed(checkout, cache, Build("tar -czf dist.tar.gz -C src .", "dist.tar.gz"))
    assert entries(made) == (Entry(Sort.FILE, "a", 0o644, 1, sha("1")),)


def test_a_build_is_kept_by_its_recipe(checkout: Checkout, cache: Path, tmp_path: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    count = f"echo x >>{tmp_path}/count; mkdir out; cp a out/"
    made = [packed(checkout, cache, Build(run, "out")) for run in (count, count, count + " #")]
    assert (tmp_path / "count").read_text() == "x\nx\n"
    assert (made[0] == made[1], made[0].archive == made[2].archive, made[0].digest == made[2].digest) == (
        True,
        False,
        True,
    )


def test_a_build_that_fails_shows_its_last_lines_and_keeps_nothing(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    with pytest.raises(Abandoned) as caught:
        packed(checkout, cache, Build("seq 1 100000; printf '\\033[31mno compiler\\n' >&2; exit 3", "out"))
    lines = str(caught.value).splitlines()
    assert lines[0] == "the build of v1 ended with status 3:"
    assert lines[1:] == [*(f"  {number}" for number in range(99_982, 100_001)), "  \\x1b[31mno compiler"]
    assert not cache.exists()


@pytest.mark.parametrize("run", ["true", "touch out", "mkdir out", "mkfifo out/x", "echo no tar >out"])
def test_a_build_that_leaves_nothing_is_abandoned(checkout: Checkout, cache: Path, run: str) -> None:
    checkout.commit({"a": "1"}, "v1")
    with pytest.raises(Abandoned):
        packed(checkout, cache, Build(run, "out"))


@pytest.mark.parametrize("artifact", ["..", "/etc", "link"])
def test_an_artifact_outside_the_export_is_refused(checkout: Checkout, cache: Path, artifact: str) -> None:
    checkout.commit({"a": "1"}, "v1")
    with pytest.raises(Abandoned, match="is outside the build's folder"):
        packed(checkout, cache, Build("ln -s /etc link", artifact))


def test_a_build_never_waits_for_an_answer(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    made = packed(checkout, cache, Build("mkdir out; cat >out/answer", "out"))
    assert entries(made) == (Entry(Sort.FILE, "answer", 0o644, 0, sha("")),)


def test_an_unsafe_artifact_is_refused(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    evil = io.BytesIO()
    with tarfile.open(fileobj=evil, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../evil"))
    (checkout.folder / "evil.tgz").write_bytes(evil.getvalue())
    checkout.commit({}, "v1")
    with pytest.raises(SourceError, match="would be unpacked outside its folder"):
        packed(checkout, cache, Build("true", "evil.tgz"))


def test_what_is_in_the_cache_needs_no_repository(checkout: Checkout, cache: Path) -> None:
    checkout.commit({"app.py": "print()"}, "v1")
    made = packed(checkout, cache)

    def gone() -> Repository:
        raise SourceError("there is no git repository")

    assert package(gone, made.release, None, cache) == made
