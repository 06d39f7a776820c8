"""The runbook's block in a file that is a person's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rollback.core.runbook import runbook
from rollback.errors import Refused
from rollback.playbook.load import parse
from rollback.report.runbook import block, difference, merged

OURS = b"<!-- rollback runbook: shop -->\nold\n<!-- rollback runbook: end of shop -->\n"
NEW = OURS.replace(b"old", b"new")
OUTSIDE = b"\xff\xfe what no one can read \r\n\r\n  # mine\t\x00"
PLAYBOOK = """
app: {app}
root: /srv/shop
restart: "a | b `c`"
contacts: {{"on *call*": "<b>|+44"}}
environments: {{{environments}}}
checks:
  - {{name: "a|b_c", http: {{path: "/a|b", port: '80'}}, expect: {{status: 200}}}}
"""


def written(app: str = "shop", environments: str = "live: {hosts: [web1, web2]}") -> str:
    text = PLAYBOOK.format(app=app, environments=environments)
    return block(runbook(parse(text.encode(), Path("/x/shop.yml"), "shop.yml"), str)).decode()


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize(("before", "after"), [(b"", b""), (OUTSIDE + b"\n", OUTSIDE), (b"", b"\n"), (b"x", b"y")])
def test_what_stands_outside_is_kept_byte_by_byte(before: bytes, after: bytes, newline: bytes) -> None:
    whole = before + OURS.replace(b"\n", newline) + after
    assert merged(whole, "shop", NEW) == before + NEW + after
    assert merged(before + NEW + after, "shop", NEW) == before + NEW + after


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (None, b"# Runbook\n\n" + NEW),
        (b"", b"\n" + NEW),
        (b"mine", b"mine\n\n" + NEW),
        (OUTSIDE, OUTSIDE + b"\n\n" + NEW),
    ],
)
def test_a_file_without_a_block_gets_one_at_its_end(old: bytes | None, expected: bytes) -> None:
    assert merged(old, "shop", NEW) == expected


def test_a_block_without_its_last_newline_is_found() -> None:
    assert merged(OURS[:-1], "shop", NEW) == NEW


def test_another_apps_block_is_somebody_elses_text() -> None:
    other = OURS.replace(b"shop", b"shop2")
    assert merged(other + OURS, "shop", NEW) == other + NEW
    assert difference(other, "shop", NEW) == "it has no block of this playbook"


@pytest.mark.parametrize(
    "old", [OURS + OURS, OURS[:-44], OURS.splitlines()[2], b"\n".join(reversed(OURS.splitlines())) + b"\n"]
)
def test_markers_that_are_no_pair_are_refused(old: bytes) -> None:
    for asked in (merged, difference):
        with pytest.raises(Refused, match="not one pair"):
            asked(old, "shop", NEW)


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (None, "it has no block of this playbook"),
        (b"mine", "it has no block of this playbook"),
        (b"1\n2\n" + OURS + b"x", "line 4: 'new'"),
        (OURS.replace(b"old\n", b"new\nmore\n"), "line 3: '<!-- rollback runbook: end of shop -->'"),
        (NEW.replace(b"\n", b"\r\n"), ""),
        (OUTSIDE + NEW + OUTSIDE, ""),
    ],
)
def test_the_first_line_that_differs_is_named(old: bytes | None, expected: str) -> None:
    assert difference(old, "shop", NEW) == expected


def test_what_a_playbook_says_is_shown_as_text() -> None:
    text = written()
    assert r"| on \*call\* | \<b\>\|+44 |" in text
    assert r"| a\|b\_c | `http GET /a\|b` |" in text
    assert "    # restart\n    a | b `c`\n" in text


def test_with_several_environments_every_command_names_one() -> None:
    text = written(environments="staging: {hosts: [s1]}, production: {hosts: [web1]}")
    commands = re.findall(r"^    (rollback\b.*)$|`(rollback [^`]+)`", text, re.MULTILINE)
    assert commands
    assert [one for pair in commands for one in pair if one and " -e production" not in one] == []


@pytest.mark.parametrize("app", ["shop", "My.Shop", "a-b_c"])
def test_every_link_leads_to_a_heading(app: str) -> None:
    text = written(app)
    anchors = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in re.findall(r"^#+ (.+)$", text, re.M)}
    linked = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert len(linked) >= 5
    assert linked <= anchors


def test_many_hosts_stay_readable_and_are_all_there() -> None:
    text = written(
        environments=f"live: {{hosts: [{', '.join(f'web{n}' for n in range(300))}], rollout: {{batch: '10'}}}}"
    )
    assert "and 280 more" in text
    assert "… 25 more" in text
    assert text.count("| `ssh web") == 300
