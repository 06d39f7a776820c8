"""What git tells of the migrations between two releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollback.model import Between, Migration, Release
from rollback.source.repository import Repository
from tests.source.checkout import Checkout

MARK = "^-- no way back"
UP = {"db/001.sql": "CREATE TABLE a;\n", "db/sub/002.sql": "-- no way back\nDROP TABLE a;\n"}


def told(checkout: Checkout, old: str, new: str, path: str = "db") -> Between:
    repository = Repository.open(checkout.folder)
    return repository.migrations(repository.release(old, "v*"), repository.release(new, "v*"), path, MARK)


def blob(checkout: Checkout, name: str) -> str:
    return checkout.git("rev-parse", name)[:12]


def named(some: tuple[Migration, ...]) -> list[tuple[str, bool]]:
    return [(one.name, one.irreversible) for one in some]


def test_files_below_the_path_lie_between_and_say_themselves_whether_they_bar_the_way(checkout: Checkout) -> None:
    checkout.commit({"app": "1"}, "v1")
    checkout.commit({**UP, "dbx": "-- no way back", "app": "-- no way back"}, "v2")
    found = told(checkout, "v1", "v2")
    assert (found.old and found.old.tag, found.new.tag, found.known, found.gone) == ("v1", "v2", True, ())
    assert found.added == (
        Migration("001.sql", blob(checkout, "v2:db/001.sql")),
        Migration("sub/002.sql", blob(checkout, "v2:db/sub/002.sql"), irreversible=True),
    )
    back = told(checkout, "v2", "v1")
    assert (back.added, back.gone) == ((), found.added)
    assert told(checkout, "v2", "v2").added == ()


def test_one_that_was_changed_is_gone_and_added(checkout: Checkout) -> None:
    checkout.commit(UP, "v1")
    checkout.commit({"db/001.sql": "-- no way back\n"}, "v2")
    found = told(checkout, "v1", "v2")
    assert (named(found.added), named(found.gone)) == ([("001.sql", True)], [("001.sql", False)])


def test_a_path_is_no_pattern_and_names_are_fit_to_be_seen(checkout: Checkout) -> None:
    checkout.commit({"app": "1"}, "v1")
    checkout.commit({"m*/x\n\x1b[2J": "1", "mm/y": "2"}, "v2")
    assert [one.name for one in told(checkout, "v1", "v2", "m*").added] == ["x \\x1b[2J"]
    assert [one.name for one in told(checkout, "v1", "v2", "no/such").added] == []


def test_empty_and_binary_files_are_read_and_other_repositories_are_left_out(checkout: Checkout) -> None:
    checkout.commit({"app": "1"}, "v1")
    checkout.write({"db/empty": ""})
    (checkout.folder / "db/binary").write_bytes(b"\xff\x00\n-- no way back\n")
    checkout.git("add", "--all")
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},db/other")
    checkout.git("commit", "--quiet", "-m", "x")
    checkout.git("tag", "v2")
    assert named(told(checkout, "v1", "v2").added) == [("binary", True), ("empty", False)]


def test_what_a_shallow_clone_lacks_is_not_known(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit({"app": "1"}, "v1")
    checkout.commit(UP, "v2")
    checkout.git("clone", "--quiet", "--depth", "1", f"file://{checkout.folder}", str(tmp_path / "ci"))
    old = Release("v1", checkout.git("rev-parse", "v1"), "7" * 40)
    shallow = Repository.open(tmp_path / "ci")
    new = shallow.release("v2", "v*")
    assert shallow.migrations(old, new, "db", MARK) == Between(old, new, known=False)


def test_a_file_that_git_lost_makes_it_unknown(checkout: Checkout) -> None:
    checkout.commit({"app": "1"}, "v1")
    checkout.commit(UP, "v2")
    whole = checkout.git("rev-parse", "v2:db/001.sql")
    (checkout.folder / ".git/objects" / whole[:2] / whole[2:]).unlink()
    assert told(checkout, "v1", "v2").known is False


@pytest.mark.parametrize(("path", "expected"), [("db", True), ("db/sub", True), ("d*", False), ("no", False)])
def test_whether_a_release_has_anything_there(checkout: Checkout, path: str, expected: bool) -> None:
    checkout.commit(UP, "v1")
    repository = Repository.open(checkout.folder)
    assert repository.holds(repository.release("v1", "v*"), path) is expected
