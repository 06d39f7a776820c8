"""Which playbook is meant, and what is said when none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollback.errors import UsageError
from rollback.playbook.find import find


def place(top: Path, *names: str) -> Path:
    (top / ".git").mkdir()
    (top / "playbooks").mkdir()
    for name in names:
        (top / "playbooks" / name).write_text("")
    (top / "src" / "deep").mkdir(parents=True)
    return top


def said(name: str | None, cwd: Path) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        find(name, cwd)
    return str(caught.value), caught.value.hint


def test_the_only_playbook_is_the_default_and_the_manual_is_none(tmp_path: Path) -> None:
    top = place(tmp_path, "shop.yml", "reference.yml", "README.md")
    assert find(None, top) == top / "playbooks" / "shop.yml"


def test_it_is_looked_for_up_to_the_repositorys_top(tmp_path: Path) -> None:
    top = place(tmp_path, "shop.yaml")
    assert find(None, top / "src" / "deep") == top / "playbooks" / "shop.yaml"


def test_a_folder_above_the_repository_is_not_looked_into(tmp_path: Path) -> None:
    place(tmp_path, "shop.yml")
    inner = tmp_path / "src"
    (inner / ".git").mkdir()
    assert said(None, inner)[0] == f"there is no playbook in {inner / 'playbooks'}"


def test_outside_a_repository_only_this_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "shop.yml").write_text("")
    (tmp_path / "below").mkdir()
    assert find(None, tmp_path) == tmp_path / "playbooks" / "shop.yml"
    assert said(None, tmp_path / "below")[0] == f"there is no playbook in {tmp_path / 'below' / 'playbooks'}"


def test_without_any_the_way_to_a_first_one_is_told(tmp_path: Path) -> None:
    top = place(tmp_path, "reference.yml")
    hint = "write a first one: rollback init (or name one: -p PATH)"
    assert said(None, top) == (f"there is no playbook in {top / 'playbooks'}", hint)
    assert said("shop", top) == ('there is no playbook "shop", and no other', hint)


def test_of_several_one_must_be_named(tmp_path: Path) -> None:
    top = place(tmp_path, "shop.yml", "blog.yml")
    assert said(None, top) == ("there are several playbooks: blog, shop", "say which: -p blog")


def test_what_lies_in_folders_below_is_no_playbook(tmp_path: Path) -> None:
    top = place(tmp_path, "shop.yml")
    (top / "playbooks" / "ci").mkdir()
    (top / "playbooks" / "ci" / "gitlab-ci.yml").touch()
    assert find(None, top) == top / "playbooks" / "shop.yml"
    assert said("ci", top)[0] == 'there is no playbook "ci"; there is shop'


@pytest.mark.parametrize("name", ["shop", "shop.yml", "playbooks/shop.yml"])
def test_a_name_or_a_path_names_one(tmp_path: Path, name: str) -> None:
    top = place(tmp_path, "shop.yml", "blog.yml")
    assert find(name, top) == top / "playbooks" / "shop.yml"


def test_the_manual_can_be_named(tmp_path: Path) -> None:
    top = place(tmp_path, "shop.yml", "reference.yml")
    assert find("reference", top) == top / "playbooks" / "reference.yml"


def test_a_path_is_meant_from_here(tmp_path: Path) -> None:
    top = place(tmp_path, "shop.yml")
    assert find("../../playbooks/shop.yml", top / "src" / "deep").samefile(top / "playbooks" / "shop.yml")
    assert find(str(top / "playbooks" / "shop.yml"), Path("/")) == top / "playbooks" / "shop.yml"


@pytest.mark.parametrize(
    ("name", "shown"), [("shp", "shp"), ("a/shop", "a/shop"), ("\x1b[2J", "\\x1b[2J"), ("n" * 5000, "n" * 99 + "…")]
)
def test_an_unknown_name_is_told_with_the_known_ones(tmp_path: Path, name: str, shown: str) -> None:
    top = place(tmp_path, "shop.yml", "blog.yml")
    sentence, hint = said(name, top)
    assert sentence == f'there is no playbook "{shown}"; there is blog, shop'
    assert hint in {"-p shop", "-p blog"}


@pytest.mark.parametrize("name", ["", "\0"])
def test_no_name_is_wrong_usage(tmp_path: Path, name: str) -> None:
    assert said(name, tmp_path) == ("-p: no playbook is named", "-p NAME or -p PATH")
