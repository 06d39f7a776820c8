"""A record survives its line, whatever it says; a line that is no record is corrupt, never a crash."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rollback.ledger import codec
from rollback.ledger.codec import Corrupt, Entry
from rollback.ledger.ids import ulid
from rollback.model import Fact, Finding, Grade, Kind, Marked, Observed, Record, Release, Result, Started, Withdrawn

RELEASE = Release("v1.0.0", "c" * 40, "d" * 40)
AT = datetime(2026, 11, 23, 14, 3, 10, 250000, tzinfo=UTC)

times = st.datetimes(timezones=st.just(UTC))
raw_tags = st.binary(max_size=8).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
hexes = st.text("0123456789abcdef", min_size=40, max_size=40)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
st.register_type_strategy(Release, st.builds(Release, raw_tags, hexes, hexes))
facts: st.SearchStrategy[Fact] = st.one_of([st.from_type(kind) for kind in codec.KINDS.values()])


def record(fact: Fact) -> Record:
    return Record(ulid(), AT, "shop", "production", ulid(), "ada", fact)


@given(facts, times, texts, texts)
def test_every_record_survives_its_line(fact: Fact, at: datetime, app: str, author: str) -> None:
    one = replace(record(fact), at=at, app=app, author=author)
    line = codec.to_line(codec.entry(one))
    assume(b"NaN" not in line)  # which equals nothing, not even itself
    assert (line.count(b"\n"), line.endswith(b"\n"), line.isascii()) == (1, True, True)
    assert codec.record(codec.from_line(line)) == one


def test_the_raw_bytes_of_a_tag_survive() -> None:
    one = record(Marked(replace(RELEASE, tag="v1-\udcff\u202e"), Grade.BAD, "why"))
    assert codec.record(codec.from_line(codec.to_line(codec.entry(one)))) == one


def test_the_line_is_plain_json_that_names_every_field() -> None:
    one = Record("01JD0000000000000000000001", AT, "shop", "production", "01JD0000000000000000000000", "ada",
                 Withdrawn(RELEASE))  # fmt: skip
    assert json.loads(codec.to_line(codec.entry(one))) == {
        "id": "01JD0000000000000000000001",
        "at": "2026-11-23T14:03:10.250000+00:00",
        "app": "shop",
        "environment": "production",
        "operation": "01JD0000000000000000000000",
        "author": "ada",
        "kind": "withdrawn",
        "body": {"release": {"tag": "v1.0.0", "commit": "c" * 40, "tree": "d" * 40}, "reason": ""},
    }


def test_a_kind_of_a_later_version_is_kept_unread() -> None:
    later = replace(codec.entry(record(Marked(RELEASE, Grade.GOOD, ""))), kind="blessed", body='{"by":["a saint"]}')
    assert codec.from_line(codec.to_line(later)) == later
    assert codec.record(later) is None


def test_a_field_of_a_later_version_is_left_out() -> None:
    known = codec.entry(record(Marked(RELEASE, Grade.GOOD, "why")))
    later = replace(known, body=known.body.replace('{"release"', '{"mood":"fine","release"'))
    assert codec.record(later) == codec.record(known)


def _broken() -> dict[str, bytes]:
    line = codec.to_line(codec.entry(record(Started(Kind.DEPLOY, RELEASE, None, ("web1",)))))
    return {
        "empty object": b"{}",
        "a number": b"17",
        "null": b"null",
        "not JSON": b"\x1b[2J",
        "not UTF-8": b'{"id":"\xff"}',
        "torn": line[:-20],
        "nested too deep": b"[" * 100_000,
        "an endless number": b"1" * 10_000,
        "no body": line.replace(b'"body"', b'"corpse"'),
        "an id that is no ULID": line.replace(b'"id":"01', b'"id":"!!'),
        "an id in small letters": line.lower(),
        "no time": line.replace(b'"at":"20', b'"at":"xx'),
        "an unknown word": line.replace(b'"kind":"deploy"', b'"kind":"explode"'),
        "a name that no database takes": line.replace(b'"app":"shop"', b'"app":"\\ud800"'),
        "a tag that no file system takes": line.replace(b'"tag":"v', b'"tag":"\\ud800'),
        "a commit that is a path": line.replace(b'"commit":"ccc', b'"commit":"../'),
        "a list for a text": line.replace(b'"author":"ada"', b'"author":["ada"]'),
    }


@pytest.mark.parametrize("name", _broken())
def test_a_broken_line_is_corrupt(name: str) -> None:
    with pytest.raises(Corrupt):
        codec.from_line(_broken()[name])


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(line: bytes) -> None:
    with contextlib.suppress(Corrupt):
        assert isinstance(codec.from_line(line), Entry)


def test_findings_keep_their_numbers_and_times() -> None:
    finding = Finding("login", Result.FAIL, AT, host="web1", case="no_profile", took=0.1 + 0.2, attempts=3)
    one = record(Observed(None, (finding,)))
    assert codec.record(codec.from_line(codec.to_line(codec.entry(one)))) == one
