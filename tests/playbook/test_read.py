"""No bytes make the reader crash, and everything it says is one visible line."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollback.errors import PlaybookInvalid
from rollback.playbook.load import parse
from rollback.playbook.read import dotted, read
from rollback.text import clean_line
from tests.playbook.written import GOOD

YAMLISH = st.text(alphabet="abc:-?[]{},#&*!|>'\"%@`\\ \t\n\r0~<=.", max_size=200)
SPOILT = st.tuples(st.integers(0, len(GOOD)), st.integers(0, 20), YAMLISH | st.text(max_size=20))


def never_crashes(data: bytes) -> None:
    faults = refusal(data)
    assert faults is None or faults
    assert [
        line for line in faults or () if not line.startswith("shop.yml:") or clean_line(line, 1 << 20) != line
    ] == []


def refusal(data: bytes) -> tuple[str, ...] | None:
    try:
        parse(data, Path("/x/shop.yml"), "shop.yml")
    except PlaybookInvalid as wrong:
        return wrong.faults
    return None


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
@example(b"%YAML 9.9\n---\na: 1")
@example(b"? " * 5000)
@example(b"- " * 5000)
@example(b"{" * 5000)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    never_crashes(data)


@settings(deadline=None)
@given(YAMLISH)
def test_any_yaml_is_read_or_refused(text: str) -> None:
    never_crashes(text.encode())


@settings(deadline=None)
@given(SPOILT)
def test_any_spoilt_playbook_is_read_or_refused(spoil: tuple[int, int, str]) -> None:
    at, length, text = spoil
    never_crashes((GOOD[:at] + text + GOOD[at + length :]).encode("utf-8", "surrogatepass"))


TREES = st.recursive(
    st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@settings(deadline=None)
@given(TREES)
def test_any_tree_of_values_is_loaded_or_refused(tree: object) -> None:
    never_crashes(json.dumps(tree).encode())


def test_scalars_and_lines_are_as_written() -> None:
    tree = read(b"a: 1.10\nb:\n  - no\n  - ~\n  - {c: ''}\nd: |\n  x\n  y\n")
    assert tree.value == {"a": "1.10", "b": ["no", "~", {"c": ""}], "d": "x\ny\n"}
    assert {dotted(path): line for path, line in tree.lines.items()} == {
        "": 1,
        "a": 1,
        "b": 2,
        "b[0]": 3,
        "b[1]": 4,
        "b[2]": 5,
        "b[2].c": 5,
        "d": 6,
    }
    assert tree.faults == []


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert read(b"\xef\xbb\xbfapp: shop").value == {"app": "shop"}
