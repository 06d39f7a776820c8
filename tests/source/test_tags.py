"""Which tags are releases, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.source.tags import Tag, matches, nearest, newest_first, version_key


@pytest.mark.parametrize(
    "ascending",
    [
        ["v1.9", "v1.10", "v1.10.1", "v2.0-rc1", "v2.0-rc2", "v2.0-rc10", "v2.0", "v2.0.1"],
        ["v1.2.0~beta", "v1.2.0", "v1.2.0+build"],
        ["2026-11-09", "2026-11-10"],
        ["r1", "r" + "2" * 5_000],
        ["v1", "v1;id"],
    ],
)
def test_versions_are_compared_as_people_do(ascending: list[str]) -> None:
    descending = ascending[::-1]
    assert sorted(descending, key=version_key) == ascending


@given(st.lists(st.text(max_size=6)))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    keys = [version_key(name) for name in names]
    backwards = keys[::-1]
    assert sorted(keys) == sorted(backwards)


def test_the_younger_tag_is_first_whatever_its_version() -> None:
    hotfix, older, newer = Tag("v1.9.9", "a", 30), Tag("v2.0", "b", 20), Tag("v2.1", "c", 20)
    assert newest_first([older, hotfix, newer]) == (hotfix, newer, older)


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("v1.0", "v*", True),
        ("V1.0", "v*", False),
        ("release/v1", "release/*", True),
        ("v1-\udcff", "v*", True),
        ("nightly", "v*", False),
        ("v1", "v[0-9]", True),
    ],
)
def test_a_pattern_is_a_glob(name: str, pattern: str, expected: bool) -> None:
    assert matches(name, pattern) is expected


def test_the_nearest_names_are_shown_cleaned() -> None:
    assert nearest("v1.2.1", ["v1.2.0", "v1.2.1\u202e", "nightly"]) == ("v1.2.0", "v1.2.1\\u202e")
