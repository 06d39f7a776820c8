"""Hosts that stand elsewhere: read as if they stood in the playbook; what can be wrong with them is one sentence."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from rollback.errors import UsageError
from rollback.model import Host, Ssh
from rollback.playbook.inventory import Inventory
from rollback.source.inventory import ask
from tests.playbook.written import GOOD, faults, read

ANSIBLE = """\
[web]
web1 ansible_host=10.0.0.1 ansible_port=2222 port=8001 zone=a
web2 ansible_user=ada list=[1,2]

[db]
db1

[shop:children]
web
db

[other]
mail1
"""


def hosts(folder: Path, written: str, playbook: str = GOOD, deadline: float = 20.0) -> tuple[Host, ...]:
    """Of the environment whose `hosts` are written so."""
    book = read(playbook.replace("[web1]", written, 1))
    inventory = book.environments["production"].hosts
    assert isinstance(inventory, Inventory)
    here = {key: folder / path.name for key in ("file", "ansible") if (path := getattr(inventory, key))}
    return book.environment(None, lambda one: ask(one.model_copy(update=here), folder, deadline)).hosts


def sentence(folder: Path, written: str, playbook: str = GOOD, deadline: float = 20.0) -> str:
    with pytest.raises(UsageError) as caught:
        hosts(folder, written, playbook, deadline)
    assert caught.value.exit_code == 2
    return str(caught.value)


def wrote(path: Path, text: str) -> Path:
    path.write_text(text)
    return path.parent


def test_a_file_has_a_host_a_line(tmp_path: Path) -> None:
    text = "# ours\nweb1\n\nweb2 address=10.0.0.2 port=2222 user=ada zone=b roles=web,api vars.port=8001  # odd\n"
    assert hosts(wrote(tmp_path / "hosts.txt", text), "{file: hosts.txt}") == (
        Host("web1", "/srv/shop"),
        Host(
            "web2",
            "/srv/shop",
            Ssh(user="ada", address="10.0.0.2", port=2222),
            roles=("web", "api"),
            zone="b",
            vars={"port": "8001"},
        ),
    )


def test_a_command_prints_a_list_and_runs_beside_the_playbook(tmp_path: Path) -> None:
    folder = wrote(tmp_path / "hosts.json", json.dumps(["web1", {"name": "web2", "port": 2222, "vars": {"on": True}}]))
    found = hosts(folder, "{command: cat hosts.json}")
    assert found == (Host("web1", "/srv/shop"), Host("web2", "/srv/shop", Ssh(port=2222), vars={"on": "true"}))


def test_an_ansible_inventory_brings_addresses_roles_zones_and_vars(tmp_path: Path) -> None:
    folder = wrote(tmp_path / "inventory.ini", ANSIBLE)
    assert hosts(folder, "{ansible: inventory.ini, group: shop}") == (
        Host("web1", "/srv/shop", Ssh(address="10.0.0.1", port=2222), ("shop", "web"), "a", {"port": "8001"}),
        Host("web2", "/srv/shop", Ssh(user="ada"), ("shop", "web")),
        Host("db1", "/srv/shop", roles=("db", "shop")),
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{command: 'echo []'}", "hosts: `echo []` has no host"),
        ("{command: echo web1}", "hosts: `echo web1`: is not JSON: web1"),
        ("{command: 'true'}", "hosts: `true`: is not JSON: nothing"),
        ("{command: 'echo {}'}", "hosts: `echo {}`: is not a JSON list of hosts"),
        ("{command: echo oh no >&2; exit 7}", "hosts: `echo oh no >&2; exit 7` failed with exit status 7: oh no"),
        ("{command: cat latin1}", "hosts: `cat latin1` is not UTF-8"),
        ("{command: cat twice}", 'hosts: `cat twice`: host 2: "web1" is already a host of this environment'),
        (
            "{command: cat bad}",
            "hosts: `cat bad`: host 1, zzz: unknown key; known are address, drain, name, port, restart, roles, ssh, "
            "undrain, user, vars, zone; host 2: \"-x\" is not a host name: letters, digits, '.', '_', ':' and '-', "
            "never '-' first; host 3: is missing; and 1 more",
        ),
        ("{file: none.txt}", "hosts: cannot read none.txt: No such file or directory"),
        ("{file: odd.txt}", 'hosts: odd.txt: line 2: "zone" is not key=value'),
        ("{file: empty.txt}", "hosts: empty.txt has no host"),
    ],
)
def test_what_is_wrong_with_an_inventory_is_one_sentence(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "latin1").write_bytes(b'["w\xe9b"]')
    wrote(tmp_path / "twice", '["web1", "web1"]')
    wrote(tmp_path / "bad", '[{"name": "a", "zzz": 1}, "-x", {}, {"name": ""}]')
    wrote(tmp_path / "odd.txt", "web1\nweb2 zone\n")
    wrote(tmp_path / "empty.txt", "# nobody\n")
    assert sentence(tmp_path, written) == said


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """It would go on for an hour."""
    said = sentence(tmp_path, "{command: sleep 3600 & echo $! >child; sleep 3600}", deadline=1.0)
    assert said.endswith("did not end within 1 s, and was ended")
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 20
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.05)


def test_what_the_playbook_needs_of_its_hosts_is_asked_of_these_too(tmp_path: Path) -> None:
    folder = wrote(tmp_path / "hosts.txt", "web1 roles=web\n")
    ordered = GOOD.replace("[web1]", "[web1]\n    rollout: {order: [db]}")
    assert sentence(folder, "{file: hosts.txt}", ordered) == (
        "with the hosts of hosts.txt: environments.production.rollout.order[0]: "
        'no host of production has the role "db"; there is web'
    )
    ported = GOOD.replace("/healthz}", '/healthz, port: "{{host.vars.port}}"}')
    assert sentence(folder, "{file: hosts.txt}", ported) == (
        "with the hosts of hosts.txt: checks[0].http.port: {{host.vars.port}}: no vars.port on web1 of production"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "hosts: x: is not what ansible-inventory --list prints"),
        ('{"_meta": {}, "web": {}, "db": {}}', 'hosts: x: has no group "app"; it has db, web'),
        ("ERROR", "hosts: x: is not JSON: ERROR"),
    ],
)
def test_an_ansible_inventory_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    """What ansible-inventory would print."""
    (tmp_path / "said").write_text(text)
    fake = tmp_path / "ansible-inventory"
    fake.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert sentence(tmp_path, "{ansible: x, group: app}") == said


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "{file: a, command: b}",
            ["5: environments.production.hosts: file and command: hosts come from one place"],
        ),
        ("{file: a, group: b}", ["5: environments.production.hosts.group: is one of an Ansible inventory's"]),
        (
            "{fil: a}",
            [
                '5: environments.production.hosts.fil: unknown key; did you mean "file"?',
                "5: environments.production.hosts: hosts come from one of file, command and ansible",
            ],
        ),
    ],
)
def test_a_playbook_says_wrongly_where_its_hosts_stand(written: str, expected: list[str]) -> None:
    assert faults(GOOD.replace("[web1]", written)) == expected
