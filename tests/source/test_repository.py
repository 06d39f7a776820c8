"""A real repository in every state it can be in, asked by people and by pranksters."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rollback.core.changed import Changed, Commit, File
from rollback.errors import Refused, SourceError, UnknownTag
from rollback.model import Release
from rollback.source.repository import Changes, Repository
from tests.source.checkout import EPOCH, Checkout

HOSTILE = [
    "v1;id",
    "v1$(id)",
    "v1`id`",
    "-rf",
    "--help",
    "a/b",
    "@",
    "HEAD",
    "c" * 40,
    "v\u202ex",
    "v1-\udcff",
    "v1|x&y",
    "v'1\"",
]


def opened(checkout: Checkout) -> Repository:
    return Repository.open(checkout.folder)


def release(checkout: Checkout, tag: str, commit: str) -> Release:
    return Release(tag, commit, checkout.git("rev-parse", f"{commit}^{{tree}}"))


def tags(releases: tuple[Release, ...]) -> list[str]:
    return [one.tag for one in releases]


def test_a_tag_is_pinned_to_its_commit_and_tree(checkout: Checkout) -> None:
    commit = checkout.commit({"a": "1"}, "v1.0.0")
    assert opened(checkout).release("v1.0.0", "v*") == release(checkout, "v1.0.0", commit)


def test_annotated_and_nested_tags_are_followed_to_the_commit(checkout: Checkout) -> None:
    commit = checkout.commit({"a": "1"})
    checkout.git("tag", "-a", "v1", "-m", "one")
    checkout.git("tag", "-a", "v2", "v1", "-m", "a tag of a tag")
    checkout.git("tag", "-a", "v3", "v2", "-m", "a tag of a tag of a tag")
    pinned = [release(checkout, tag, commit) for tag in ("v3", "v2", "v1")]
    assert list(opened(checkout).releases("v*")) == pinned
    assert [opened(checkout).release(one.tag, "v*") for one in pinned] == pinned


def test_releases_are_newest_first_and_only_those_of_the_pattern(checkout: Checkout) -> None:
    checkout.commit({"a": "1"}, "v1.9.0", "nightly")
    checkout.commit({"a": "2"}, "v1.10.0", "v2.0.0", "v2.0.0-rc1")
    checkout.commit({"a": "3"}, "v1.9.1")
    assert tags(opened(checkout).releases("v*")) == ["v1.9.1", "v2.0.0", "v2.0.0-rc1", "v1.10.0", "v1.9.0"]


@pytest.mark.parametrize("tag", HOSTILE)
def test_a_hostile_name_is_a_name(checkout: Checkout, tag: str) -> None:
    checkout.commit({"a": "0"}, "v0")
    commit = checkout.commit({"a": "1"}, tag)
    checkout.commit({"a": "2"}, "v2")
    assert opened(checkout).release(tag, "*") == release(checkout, tag, commit)
    assert set(tags(opened(checkout).releases("*"))) == {"v0", tag, "v2"}


@pytest.mark.parametrize(
    "tag",
    [*HOSTILE, "v1.0.1", "v1.0.0^0", "v1.0.0~0", "v1.0.0^{tree}", "v1.0.0:a", "refs/tags/v1.0.0", "main", "heads/main",
     "", " ", "v1.0.0\n", "v1.0.0\0", "../tags/v1.0.0", "--upload-pack=touch x", ":/a", "@{-1}", "v*"],
)  # fmt: skip
def test_what_is_no_tag_is_unknown_however_git_would_read_it(checkout: Checkout, tag: str) -> None:
    checkout.commit({"a": "1"}, "v1.0.0")
    with pytest.raises(UnknownTag) as caught:
        opened(checkout).release(tag, "*")
    shown = str(caught.value) + caught.value.hint
    assert shown.isprintable()
    assert "git -C" in caught.value.hint


def test_an_unknown_tag_names_the_nearest(checkout: Checkout) -> None:
    checkout.commit({"a": "1"}, "v1.1.0", "v1.2.0", "unrelated")
    with pytest.raises(UnknownTag) as caught:
        opened(checkout).release("v1.2.1", "v*")
    where = checkout.folder
    assert str(caught.value) == f"there is no tag v1.2.1 in {where}"
    assert caught.value.hint == f"did you mean v1.2.0 or v1.1.0? Otherwise: git -C {where} fetch --tags"


def test_a_tag_that_is_no_release_is_refused(checkout: Checkout) -> None:
    checkout.commit({"a": "1"}, "nightly")
    with pytest.raises(Refused, match=r"the tag nightly is not a release: it does not match tags: 'v\*'"):
        opened(checkout).release("nightly", "v*")


@pytest.mark.parametrize("what", ["HEAD^{tree}", "HEAD:a"])
def test_a_tag_that_names_no_commit_is_refused_and_not_listed(checkout: Checkout, what: str) -> None:
    checkout.commit({"a": "1"}, "v1")
    checkout.git("tag", "v2", what)
    checkout.git("tag", "-a", "v3", what, "-m", "annotated")
    assert tags(opened(checkout).releases("v*")) == ["v1"]
    for tag in ("v2", "v3"):
        with pytest.raises(Refused, match=f"the tag {tag} does not name a commit"):
            opened(checkout).release(tag, "v*")


def test_a_moved_tag_is_another_release(checkout: Checkout) -> None:
    first = checkout.commit({"a": "1"}, "v1")
    before = opened(checkout).release("v1", "v*")
    second = checkout.commit({"a": "2"}, "v1")
    after = opened(checkout).release("v1", "v*")
    assert (before.commit, after.commit, before.id == after.id) == (first, second, False)


def test_a_replaced_commit_is_not_followed(checkout: Checkout) -> None:
    commit = checkout.commit({"a": "1"}, "v1")
    tree = checkout.git("rev-parse", "HEAD^{tree}")
    checkout.git("replace", commit, checkout.commit({"a": "evil"}))
    assert opened(checkout).release("v1", "v*") == Release("v1", commit, tree)


# Where it is.


def test_the_repository_is_found_from_any_folder_in_it(checkout: Checkout) -> None:
    checkout.commit({"deep/er/a": "1"}, "v1")
    assert Repository.open(checkout.folder / "deep" / "er") == Repository(checkout.folder, bare=False, shallow=False)


def test_a_bare_repository_works(checkout: Checkout, tmp_path: Path) -> None:
    commit = checkout.commit({"a": "1"}, "v1")
    checkout.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    bare = Repository.open(tmp_path / "bare.git")
    assert bare == Repository(tmp_path / "bare.git", bare=True, shallow=False)
    assert (bare.release("v1", "v*"), bare.dirty()) == (release(checkout, "v1", commit), False)


def test_a_linked_work_tree_works(checkout: Checkout, tmp_path: Path) -> None:
    commit = checkout.commit({"a": "1"}, "v1")
    checkout.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    linked = Repository.open(tmp_path / "linked")
    assert linked == Repository(tmp_path / "linked", bare=False, shallow=False)
    assert linked.release("v1", "v*") == release(checkout, "v1", commit)


def test_a_foreign_git_dir_in_the_environment_is_not_ours(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = checkout.commit({"a": "1"}, "v1")
    Checkout.init(tmp_path / "other").commit({"b": "2"}, "v1")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    found = opened(checkout).release("v1", "v*")
    monkeypatch.delenv("GIT_DIR")
    assert found == release(checkout, "v1", commit)


def test_no_repository_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no git repository around") as caught:
        Repository.open(tmp_path)
    assert caught.value.hint == "set `repository:` in the playbook, or begin one: git init"


def test_no_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no folder"):
        Repository.open(tmp_path / "nowhere")


def test_no_git_says_so(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.commit({"a": "1"})
    (tmp_path / "bin").mkdir()
    for program in ("env", None):
        if program:
            (tmp_path / "bin" / program).symlink_to(shutil.which(program) or "")
        else:
            (tmp_path / "bin" / "env").unlink()
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        with pytest.raises(SourceError, match="git is not installed on this machine"):
            opened(checkout)
        monkeypatch.undo()


def test_an_empty_repository_says_so(checkout: Checkout) -> None:
    with pytest.raises(SourceError, match="has no commits yet") as caught:
        opened(checkout)
    assert caught.value.hint == "git commit, then git tag v1.0.0"


def test_an_unborn_branch_beside_tags_does_not_matter(checkout: Checkout) -> None:
    checkout.commit({"a": "1"}, "v1")
    checkout.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    assert tags(opened(checkout).releases("v*")) == ["v1"]


def test_a_repository_of_another_user_says_how_to_trust_it(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.commit({"a": "1"})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to try this without another user
    (checkout.folder / "playbooks").mkdir()
    with pytest.raises(SourceError, match="it belongs to another user") as caught:
        Repository.open(checkout.folder / "playbooks/..")  # as a playbook says it; git knows it by its own name
    assert caught.value.hint == f"git config --global --add safe.directory {checkout.folder}"


def test_a_broken_repository_says_what_git_says(checkout: Checkout) -> None:
    checkout.commit({"a": "1"})
    (checkout.folder / ".git" / "config").write_text("[core\nbroken")
    with pytest.raises(SourceError, match=r"git can't read the repository .*bad config line 1"):
        opened(checkout)


# How much of it is here.


def clone(checkout: Checkout, folder: Path, *options: str) -> Checkout:
    checkout.git("clone", "--quiet", *options, f"file://{checkout.folder}", str(folder))
    return Checkout(folder)


def test_a_shallow_clone_serves_the_tags_it_has_and_says_how_to_get_others(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit({"a": "1"}, "v1")
    commit = checkout.commit({"a": "2"}, "v2;x")
    shallow = Repository.open(clone(checkout, tmp_path / "shallow", "--depth=1").folder)
    assert shallow == Repository(tmp_path / "shallow", bare=False, shallow=True)
    assert shallow.release("v2;x", "v*") == release(checkout, "v2;x", commit)
    with pytest.raises(UnknownTag) as caught:
        shallow.release("v1;y", "v*")
    fetch = f"git -C {tmp_path / 'shallow'} fetch --depth 1 origin tag 'v1;y'"
    assert caught.value.hint.endswith(fetch)


def test_a_commit_that_is_missing_says_how_to_get_it(checkout: Checkout) -> None:
    checkout.commit({"a": "0"}, "v0")
    commit = checkout.commit({"a": "1"}, "v1")
    checkout.commit({"a": "2"}, "v2")
    (checkout.folder / ".git" / "objects" / commit[:2] / commit[2:]).unlink()
    repository = opened(checkout)
    assert set(tags(repository.releases("v*"))) == {"v0", "v2"}
    with pytest.raises(SourceError, match="what the tag v1 names is missing") as caught:
        repository.release("v1", "v*")
    assert caught.value.hint == f"git -C {checkout.folder} fetch --depth 1 origin tag v1"


# What else it knows.


def test_only_changes_to_tracked_files_are_dirt(checkout: Checkout) -> None:
    checkout.commit({"a": "1"})
    states = [opened(checkout).dirty()]
    for files in ({"untracked": ""}, {"a": "2"}):
        checkout.write(files)
        states.append(opened(checkout).dirty())
    assert states == [False, False, True]


def test_what_lies_between_two_releases(checkout: Checkout) -> None:
    old = checkout.commit({"a": "1", "b": "1"}, subject="first")
    checkout.commit({"a": "2"}, subject="second\x1b[2J")
    new = checkout.commit({"c\td": "1"}, subject="third")
    (checkout.folder / "sub").mkdir()
    repository = Repository.open(checkout.folder / "sub")
    assert repository.between(old, new) == Changes(2, ("third", "second\\x1b[2J"), ("a", "c d"))
    assert repository.between(new, old) == Changes(0, (), ("a", "c d"))
    assert repository.between(old, old) == Changes()


def test_what_lies_between_in_full(checkout: Checkout) -> None:
    checkout.commit({"a": "1\n", "b": "1\n"}, "v1", subject="first")
    checkout.commit({"a": "2\n3\n"}, subject="second\x1b[2J")
    third = checkout.commit({"c\td": "1\n", "e": "\0"}, "v2", subject="third")
    repository = opened(checkout)
    old, new = (repository.release(tag, "*") for tag in ("v1", "v2"))
    found = repository.changed(old, new)
    assert found is not None
    assert found.commits[0] == Commit(third[:12], "Ada", "third")
    assert [one.subject for one in found.commits] == ["third", "second\\x1b[2J"]
    assert (found.count, found.total, found.files) == (
        2,
        3,
        (File("a", 2, 1), File("c d", 1, 0), File("e", None, None)),
    )
    assert repository.changed(old, old) == Changed(0, (), 0, ())
    assert (repository.text(new, "a"), repository.text(old, "c\td")) == (b"2\n3\n", None)


@pytest.mark.parametrize("unknown", ["", "f" * 40, "main", "--all", "-" * 40, "HEAD~1"])
def test_what_is_no_commit_here_is_unknown_in_full_too(checkout: Checkout, unknown: str) -> None:
    checkout.commit({"a": "1"}, "v1")
    repository = opened(checkout)
    known, stranger = repository.release("v1", "*"), Release("v2", unknown, "7" * 40)
    assert (repository.changed(known, stranger), repository.changed(stranger, known)) == (None, None)


@pytest.mark.parametrize("unknown", ["", "f" * 40, "main", "--all", "-" * 40, "HEAD~1"])
def test_what_lies_between_is_empty_when_it_is_unknown(checkout: Checkout, unknown: str) -> None:
    commit = checkout.commit({"a": "1"})
    repository = opened(checkout)
    assert (repository.between(unknown, commit), repository.between(commit, unknown)) == (Changes(), Changes())


def test_the_moment_is_the_commits(checkout: Checkout) -> None:
    checkout.commit({"a": "1"}, "v1")
    repository = opened(checkout)
    assert repository.moment(repository.release("v1", "v*")) == EPOCH + 60


def test_many_tags_are_listed_at_once(checkout: Checkout) -> None:
    commit = checkout.commit({"a": "1"})
    wanted = "".join(f"create refs/tags/v{number} {commit}\n" for number in range(3_000))
    checkout.git("update-ref", "--stdin", stdin=wanted.encode())
    assert len(opened(checkout).releases("v*")) == 3_000


def test_nothing_of_a_hostile_name_is_run(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit({"a": "1"}, "v1;touch${IFS}x", "v1$(touch${IFS}x)")
    for one in opened(checkout).releases("v*"):
        assert opened(checkout).release(one.tag, "v*") == one
    assert not any(Path(place, "x").exists() for place in (checkout.folder, tmp_path, os.curdir))
