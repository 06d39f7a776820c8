"""A work tree is read within bounds."""

from __future__ import annotations

import os
from pathlib import Path

from rollback.init import files


def test_texts_are_read_by_their_names_in_the_tree(tmp_path: Path) -> None:
    _put(tmp_path, "app.py", "top")
    _put(tmp_path, "shop/web.py", "below")
    _put(tmp_path, "picture.png", "not telling")
    assert dict(files.read(tmp_path)) == {"app.py": "top", "shop/web.py": "below"}


def test_other_peoples_code_and_hidden_folders_are_left_out(tmp_path: Path) -> None:
    for folder in ("node_modules", ".venv", "venv", "tests", "__pycache__", ".git"):
        _put(tmp_path, f"{folder}/app.py", "no")
    assert dict(files.read(tmp_path)) == {}


def test_links_pipes_and_folders_with_a_files_name_are_not_read(tmp_path: Path) -> None:
    outside = _put(tmp_path / "outside", "secret.py", "secret")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link.py").symlink_to(outside)
    (tree / "linked").symlink_to(outside.parent)
    os.mkfifo(tree / "pipe.py")
    (tree / "folder.py").mkdir()
    assert dict(files.read(tree)) == {}


def test_a_name_that_could_not_be_shown_is_left_out(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.py")).write_text("x")
    (tmp_path / "a\nb.py").write_text("x")
    assert dict(files.read(tmp_path)) == {}


def test_a_long_file_is_cut_and_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_bytes(b"\xff" * (files.EACH + 1))
    assert dict(files.read(tmp_path)) == {"long.py": "\ufffd" * files.EACH}


def test_only_so_many_bytes_are_read_in_all(tmp_path: Path) -> None:
    for number in range(files.WHOLE // files.EACH + 5):
        (tmp_path / f"{number}.py").write_bytes(b"x" * files.EACH)
    assert sum(map(len, files.read(tmp_path).values())) == files.WHOLE


def test_only_so_many_entries_are_looked_at(tmp_path: Path) -> None:
    for number in range(files.ENTRIES + 50):
        (tmp_path / f"{number}.py").touch()
    assert len(files.read(tmp_path)) == files.ENTRIES


def test_a_folder_that_is_not_there_has_no_texts(tmp_path: Path) -> None:
    assert dict(files.read(tmp_path / "none")) == {}


def _put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
