"""What may be unpacked on a host, and what may not."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from rollback.errors import SourceError
from rollback.source.content import Item, from_folder, from_tar
from rollback.source.manifest import Sort

Member = tuple[str, bytes, str]  # name, type, link target


def tar(*members: Member, mode: int = 0o644) -> tarfile.TarFile:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, mode
            info.size = len(name) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(name.encode()))
    file.seek(0)
    return tarfile.open(fileobj=file)


def file(name: str) -> Member:
    return (name, tarfile.REGTYPE, "")


def link(name: str, target: str) -> Member:
    return (name, tarfile.SYMTYPE, target)


def shown(items: tuple[Item, ...]) -> list[tuple[str, str, int, str]]:
    return [(item.sort.value, item.path, item.mode, item.target) for item in items]


def test_a_tar_is_read_sorted_with_the_folders_it_implies() -> None:
    archive = tar(file("./b/c//d"), link("a", "b/c"), (".", tarfile.DIRTYPE, ""))
    assert shown(from_tar(archive)) == [
        ("l", "a", 0, "b/c"),
        ("d", "b", 0o755, ""),
        ("d", "b/c", 0o755, ""),
        ("f", "b/c/d", 0o644, ""),
    ]


@pytest.mark.parametrize(("mode", "kept"), [(0o4755, 0o755), (0o700, 0o755), (0o666, 0o644), (0o000, 0o644)])
def test_of_a_files_mode_only_executable_counts(mode: int, kept: int) -> None:
    assert from_tar(tar(file("a"), mode=mode))[0].mode == kept


def test_a_hard_link_becomes_a_file_of_its_own() -> None:
    items = from_tar(tar(file("a"), ("b", tarfile.LNKTYPE, "a")))
    assert [(item.sort, item.open().read()) for item in items] == [(Sort.FILE, b"a"), (Sort.FILE, b"a")]


def test_the_last_of_a_name_counts() -> None:
    assert shown(from_tar(tar(file("a"), link("a", "b")))) == [("l", "a", 0, "b")]


@pytest.mark.parametrize(
    "members",
    [
        [file("/etc/passwd")],
        [file("../a")],
        [file("a/../../b")],
        [file("a/..")],
        [("a", tarfile.CHRTYPE, "")],
        [("a", tarfile.BLKTYPE, "")],
        [("a", tarfile.FIFOTYPE, "")],
        [file("a"), file("a/b")],
        [link("a", "b"), file("a/b")],
        [link("a", ".."), file("a/b")],
    ],
)
def test_unsafe_entries_are_refused(members: list[Member]) -> None:
    with pytest.raises(SourceError):
        from_tar(tar(*members))


def test_a_hard_link_to_nothing_is_refused() -> None:
    with pytest.raises(SourceError, match="b is a hard link to nothing"):
        from_tar(tar(("b", tarfile.LNKTYPE, "a")))[0].open()


@pytest.mark.parametrize(
    "links",
    [
        {"a": ".."},
        {"a": "/etc"},
        {"a": "b/../.."},
        {"d/a": "../.."},
        {"d": ".", "a": "d/.."},  # harmless by its name only
        {"x/y/d": "../..", "a": "x/y/d/.."},
        {"a": "b", "b": "/etc"},
        {"a": "a"},
        {"a": "b", "b": "a/c"},
    ],
)
def test_links_that_leave_the_release_are_refused(links: dict[str, str]) -> None:
    with pytest.raises(SourceError, match="is a link that leaves the release"):
        from_tar(tar(*(link(name, target) for name, target in links.items())))


@pytest.mark.parametrize(
    "links",
    [
        {"a": "b"},
        {"a": "missing/deep"},
        {"d/e/a": "../../b"},
        {"d/a": "./../d/b"},
        {"a": "d/..", "d/x": "y"},
        {"a": "."},
    ],
)
def test_links_that_stay_are_kept(links: dict[str, str]) -> None:
    items = from_tar(tar(*(link(name, target) for name, target in links.items())))
    assert {item.path: item.target for item in items if item.sort is Sort.LINK} == links


def test_a_folder_is_read_like_a_tar(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run").write_text("x")
    (tmp_path / "b" / "run").chmod(0o711)
    (tmp_path / "empty").mkdir(mode=0o700)
    (tmp_path / "a").symlink_to("b")
    (tmp_path / os.fsdecode(b"\xff")).write_text("")
    assert shown(from_folder(tmp_path)) == [
        ("l", "a", 0, "b"),
        ("d", "b", 0o755, ""),
        ("f", "b/run", 0o755, ""),
        ("d", "empty", 0o755, ""),
        ("f", "\udcff", 0o644, ""),
    ]


def test_a_pipe_in_a_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="pipe is neither file, folder nor link"):
        from_folder(tmp_path)
