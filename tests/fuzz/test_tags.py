"""Any name that git takes for a tag is found, pinned and encoded without harm; what it does not take is refused."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rollback.errors import Refused
from rollback.model import Release, encode_tag
from rollback.source.repository import Repository
from rollback.text import clean

BYTES = st.binary(min_size=1, max_size=24).filter(lambda name: b"\0" not in name)
PIECES = [
    *(b"v", b"1", b"-", b".", b"/", b";", b"$(id)", b"`id`", b"'", b'"', b" ", b"\n", b"@", b"%41", b"\xff", b"&"),
    *(b"\xe2\x80\xae", b"|", b"#", b"!", b"\\", b"{", b"}"),
]
ODD = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map(b"".join)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run(["git", "-C", folder, "-c", "user.name=A", "-c", "user.email=a@b", *words], check=True)
    return folder


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BYTES | ODD)
@example(b"-rf")
@example(b"HEAD")
@example(b"a" * 40)
@example(b"v1\xff")
def test_what_git_takes_is_found_again_and_the_rest_is_unknown(checkout: Path, name: bytes) -> None:
    tag = os.fsdecode(name)
    reference = b"refs/tags/" + name
    made = subprocess.run(
        ["git", "-C", checkout, "update-ref", "--", reference, "HEAD"], capture_output=True, check=False
    )
    if made.returncode == 0:
        assert Repository.open(checkout).release(tag, "*").tag == tag
        subprocess.run(["git", "-C", checkout, "update-ref", "-d", "--", reference], check=True)
        return
    with pytest.raises(Refused) as refused:
        Repository.open(checkout).release(tag, "*")
    said = f"{refused.value}{refused.value.hint}"
    assert clean(said, 1 << 20) == said


@given(BYTES | ODD, BYTES | ODD)
def test_a_release_id_is_safe_anywhere_and_no_two_tags_share_one(one: bytes, other: bytes) -> None:
    ids = [Release(os.fsdecode(name), "c" * 40, "d" * 40).id for name in (one, other)]
    assert [
        char for id_ in ids for char in id_ if not (char.isascii() and (char.isalnum() or char in "._+@=,-%"))
    ] == []
    assert (ids[0] == ids[1]) == (one == other)
    assert encode_tag(os.fsdecode(one)) in ids[0]
