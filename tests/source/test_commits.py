"""What git says of the commits between releases, however many there are."""

from __future__ import annotations

from pathlib import Path

from rollback.source.commits import Commits
from rollback.source.repository import Repository
from tests.source.checkout import Checkout

NOWHERE = "0" * 40


def test_every_commit_that_the_base_has_not_comes_with_its_date_and_parents(tmp_path: Path) -> None:
    checkout, one, two, three = _three(tmp_path)
    found = Repository.open(tmp_path / "x").commits(one, [three])
    dates = {id_: int(checkout.git("log", "-1", "--format=%ct", id_)) for id_ in (two, three)}
    assert found == Commits(
        {three: (dates[three], (two,)), two: (dates[two], (one,))}, frozenset({one, three}), shallow=False
    )


def test_without_a_base_the_first_that_is_there_stands_for_it(tmp_path: Path) -> None:
    """`-h` and a tag's name never reach git: they are no commit's id."""
    _, one, two, three = _three(tmp_path)
    repository = Repository.open(tmp_path / "x")
    for base in (None, NOWHERE, "-h", "v1"):
        found = repository.commits(base, [NOWHERE, two, three, one])
        assert (set(found.found), set(found.present)) == ({three}, {one, two, three})


def test_what_is_not_there_at_all_is_none(tmp_path: Path) -> None:
    _three(tmp_path)
    assert Repository.open(tmp_path / "x").commits(NOWHERE, ["1" * 40]) == Commits({}, frozenset(), shallow=False)


def test_a_shallow_clone_says_so(tmp_path: Path) -> None:
    checkout, one, two, three = _three(tmp_path)
    checkout.git("clone", "-q", "--depth", "2", f"file://{tmp_path / 'x'}", str(tmp_path / "y"))
    found = Repository.open(tmp_path / "y").commits(one, [two, three])
    assert (set(found.found), set(found.present), found.shallow) == ({three}, {two, three}, True)


def _three(tmp_path: Path) -> tuple[Checkout, str, str, str]:
    checkout = Checkout.init(tmp_path / "x")
    for number in range(3):
        checkout.commit({"file": str(number)}, f"v{number}")
    one, two, three = (checkout.git("rev-parse", f"v{number}").strip() for number in range(3))
    return checkout, one, two, three
