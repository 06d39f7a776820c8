"""What is refused as a whole, what is told at once, and what a good playbook becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollback.errors import UsageError
from rollback.playbook.load import load
from tests.playbook.written import GOOD, faults, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: is empty: write a first playbook with `rollback init`"),
        ("# nothing\n", "1: is empty: write a first playbook with `rollback init`"),
        ("shop", '1: "shop" is not a mapping'),
        ("- a", "1: a list is not a mapping"),
        ("a: 1\n---\nb: 2", "2: a second document begins: one file is one playbook"),
        ("app: a\nssh: {user: b,\n  user: c}", "3: ssh.user: is already there, in line 2"),
        ("app: &x shop", "1: anchors (&x) are not read here"),
        ("app: shop\ntags: *x", "2: aliases (*x) are not read here: write it out"),
        ("<<: {app: shop}", "1: merge keys (<<) are not read here: write the keys out"),
        (
            "app: !!python/object/apply:os.system [id]",
            "1: tags (tag:yaml.org,2002:python/object/apply:os.system) are not read here: "
            "every value is text as written",
        ),
        ("? [a]\n: b", "1: a key must be plain text"),
        (
            'app: "\\ud800"',
            "1: is not YAML: while parsing a quoted scalar, found invalid Unicode character escape code",
        ),
        ("app: a\nroot: b\x07", "2: is not YAML: unacceptable character #x0007: control characters are not allowed"),
        ("app: [1\nroot: x", "2: is not YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
        ("a: " + "[" * 60, "1: is nested deeper than 40 levels"),
        (b"app: shop\nroot: \xff\n", "2: is not UTF-8"),
        (b"#" * (4 << 20) + b"\n", "1: is larger than 4 MiB"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str | bytes, expected: str) -> None:
    assert faults(text) == [expected]


def test_every_fault_is_told_at_once_also_those_beside_unknown_keys() -> None:
    bad = (
        GOOD.replace("root: /srv/shop", "root: srv")
        .replace("[web1]", "[web1]\n    rolout: {}")
        .replace("{path: /healthz}", '{path: "/{{user}}"}')
        .replace("{status: 200}", "{status: 200, bdy: x}")
    )
    assert [line.partition("; ")[0] for line in faults(bad)] == [
        "6: environments.production.rolout: unknown key",
        "9: checks[0].http.path: unknown name {{user}}: known are app, environment, host.address, host.name, "
        "previous.commit, previous.id, previous.tag, release.commit, release.id, release.tag, url",
        "10: checks[0].expect.bdy: unknown key",
    ]


def test_an_unknown_key_lists_the_known_ones_when_none_is_near() -> None:
    assert faults(GOOD.replace("[web1]", "[{name: web1, zzz: 1}]")) == [
        "5: environments.production.hosts[0].zzz: unknown key; known are "
        "address, drain, name, port, restart, roles, ssh, undrain, user, vars, zone"
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{status: 200}", "{body: {matches: '('}}"),
        ("/srv/shop", "'/srv/{{ host name }}'"),
        ("[web1]", "[{nmae: web1}]"),
    ],
)
def test_these_are_refused_at_their_own_line(old: str, new: str) -> None:
    line = GOOD[: GOOD.index(old)].count("\n") + 1
    assert {fault.partition(":")[0] for fault in faults(GOOD.replace(old, new))} == {str(line)}


def test_no_control_character_of_a_playbook_reaches_a_message() -> None:
    hostile = GOOD.replace("app: shop", '"\\e[31m\\u202ered": x\napp: "\\e[2J"')
    assert all(char.isprintable() for line in faults(hostile) for char in line)


def test_scalars_are_the_text_that_was_written() -> None:
    book = read(GOOD.replace("app: shop", "app: shop\ntags: 1.10").replace("[web1]", "[0x10, no, 1.10, 1_000]"))
    assert (book.tags, [host.name for host in book.environment().hosts]) == ("1.10", ["0x10", "no", "1.10", "1_000"])


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*No such file"):
        load(tmp_path / "shop.yml")


def test_a_playbook_knows_its_file_and_its_folder(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text(GOOD)
    book = load(tmp_path / "shop.yml")
    assert (book.file, book.repository) == (tmp_path / "shop.yml", tmp_path)
