"""The table of releases: what its verdict column says of each."""

from __future__ import annotations

import pytest

from rollback.core.history import Kept, Standing
from rollback.model import Grade
from rollback.report.tables import release_rows
from tests.build import EPOCH, release

V1 = release("v1", "a" * 40)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (None, "unverified"),
        (Standing(V1, Grade.UNKNOWN, EPOCH, ""), "unverified"),
        (Standing(V1, Grade.GOOD, EPOCH, ""), "good"),
        (Standing(V1, Grade.GOOD, EPOCH, "", withdrawn=True), "rolled back"),
        (Standing(V1, Grade.BAD, EPOCH, "", withdrawn=True), "bad"),
    ],
)
def test_what_a_person_rolled_back_from_is_not_called_good(known: Standing | None, said: str) -> None:
    (row,) = release_rows((), (Kept(V1, "live"),), {V1.commit: known} if known else {}, {})
    assert row.verdict == said
