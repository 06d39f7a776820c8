"""A manifest says exactly what a release's folder must hold, whatever the names."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.source.manifest import Entry, Sort, read, write

names = st.binary(min_size=1, max_size=12).filter(lambda raw: b"\0" not in raw).map(os.fsdecode)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
entries = st.one_of(
    st.builds(Entry, st.just(Sort.FILE), names, st.integers(0, 0o777), st.integers(0, 1 << 40), digests),
    st.builds(Entry, st.just(Sort.LINK), names, content=names),
    st.builds(Entry, st.just(Sort.FOLDER), names, st.integers(0, 0o777)),
)


@given(st.lists(entries, unique_by=lambda entry: entry.path))
def test_a_manifest_is_read_back_sorted_by_path(some: list[Entry]) -> None:
    text = write(some)
    assert read(text) == tuple(sorted(some, key=lambda entry: os.fsencode(entry.path)))
    assert write(reversed(some)) == text
    lines = text.decode("ascii").split("\n")[:-1]
    assert [len(line.split("\t")) for line in lines] == [5] * len(some)
    assert all(char.isprintable() or char == "\t" for line in lines for char in line)


def test_the_format_is_what_the_hosts_read() -> None:
    some = (
        Entry(Sort.LINK, "current log", content="../shared/log\n"),
        Entry(Sort.FILE, "bin/run 100%", 0o755, 12, "ab" * 32),
        Entry(Sort.FOLDER, "bin", 0o755),
        Entry(Sort.FILE, "caf\udce9\té", 0o644, 0, "cd" * 32),
    )
    assert write(some).decode("ascii") == (
        "d\t755\t-\t-\tbin\n"
        f"f\t755\t12\t{'ab' * 32}\tbin/run%20100%25\n"
        f"f\t644\t0\t{'cd' * 32}\tcaf%E9%09%C3%A9\n"
        "l\t-\t-\t../shared/log%0A\tcurrent%20log\n"
    )


@pytest.mark.parametrize("text", [b"\n", b"f\t644\t1\tpath\n", b"x\t644\t-\t-\ta\n", b"f\tabc\t1\tx\ta\n", b"\xff\n"])
def test_what_is_no_manifest_is_not_read(text: bytes) -> None:
    with pytest.raises((ValueError, UnicodeDecodeError)):
        read(text)
