"""An environment's hosts: everything inherited, the nearest winning."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollback.errors import UsageError
from rollback.model import Host, Ssh
from rollback.playbook.amounts import Exactly, Share
from tests.playbook.written import GOOD, read

LEVELS = """\
app: shop
root: "/srv/{{host.vars.slot}}/{{app}}-{{environment}}/"
ssh: {user: deploy, port: 2222, config: etc/ssh_config, connect_timeout: 1s}
restart: everywhere
drain: out
vars: {slot: a, port: "1"}
environments:
  staging:
    hosts: [test1]
    rollout: {batch: 3}
  production:
    url: https://shop.example.com/
    ssh: {user: live, known_hosts: /etc/hosts.keys}
    drain: leave
    vars: {port: "2"}
    hosts:
      - web1
      - name: web2
        address: 10.0.0.2
        port: 22
        user: root
        roles: [web, admin]
        ssh: {command_timeout: 1m, host_keys: accept-new}
        restart: only here
        drain: ""
        undrain: in
        vars: {slot: b}
checks:
  - name: up
    tcp: {port: "{{host.vars.port}}"}
"""


def test_the_nearest_time_to_confirm_within_wins() -> None:
    both = LEVELS.replace("app: shop\n", "app: shop\npolicy: {confirm_within: 90s}\n")
    both = both.replace("    rollout: {batch: 3}\n", "    policy: {confirm_within: 1h}\n")
    within = [
        read(text).environment(name).confirm_within for text in (LEVELS, both) for name in ("staging", "production")
    ]
    assert within == [None, None, 3600.0, 90.0]


def test_the_nearest_setting_wins_key_by_key() -> None:
    environment = read(LEVELS).environment("production")
    config, keys = "/repo/playbooks/etc/ssh_config", "/etc/hosts.keys"
    assert environment.hosts == (
        Host(
            name="web1",
            root="/srv/a/shop-production",
            ssh=Ssh(user="live", port=2222, config=config, known_hosts=keys, connect_timeout=1.0),
            vars={"slot": "a", "port": "2"},
            restart="everywhere",
            drain="leave",
        ),
        Host(
            name="web2",
            root="/srv/b/shop-production",
            ssh=Ssh("root", "10.0.0.2", 22, config, keys, "accept-new", 1.0, 60.0),
            roles=("web", "admin"),
            vars={"slot": "b", "port": "2"},
            restart="only here",
            undrain="in",
        ),
    )


def test_an_environment_knows_the_values_of_its_templates() -> None:
    environment = read(LEVELS).environment("production")
    common = {"app": "shop", "environment": "production", "url": "https://shop.example.com"}
    host = {"host.name": "web2", "host.address": "10.0.0.2", "host.vars.slot": "b", "host.vars.port": "2"}
    assert (environment.values(), environment.values(environment.hosts[1])) == (common, common | host)


def test_the_only_environment_is_the_default() -> None:
    assert read(GOOD).environment().name == "production"


@pytest.mark.parametrize(
    ("name", "sentence", "hint"),
    [
        (None, "the playbook has several environments: staging, production", "say which: -e staging"),
        ("prod", 'the playbook has no environment "prod"; it has staging, production', "-e production"),
        ("\x1b[31m", 'the playbook has no environment "\\x1b[31m"; it has staging, production', "-e staging"),
    ],
)
def test_another_environment_is_asked_for_or_refused_with_the_nearest(
    name: str | None, sentence: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read(LEVELS).environment(name)
    assert (str(caught.value), caught.value.hint) == (sentence, hint)


@pytest.mark.parametrize(
    ("written", "count", "away"), [("2", 10, 2), ("2", 1, 1), ("25%", 3, 0), ("25%", 8, 2), ("0", 9, 0)]
)
def test_how_many_may_be_away_is_a_number_or_a_share_that_is_rounded_down(written: str, count: int, away: int) -> None:
    book = read(LEVELS.replace("{batch: 3}", f"{{max_unreachable: {written}}}"))
    assert book.environment("staging").rollout.max_unreachable.within(count) == away


def test_a_batch_is_a_number_or_a_share_and_half_by_default() -> None:
    book = read(LEVELS)
    assert [book.environment(name).rollout.batch for name in ("staging", "production")] == [Exactly(3), Share(0.5)]


@pytest.mark.parametrize(
    ("batch", "hosts", "expected"),
    [(Share(0.5), 3, 2), (Share(0.25), 3, 1), (Share(1.0), 7, 7), (Share(0.1), 30, 3), (Exactly(2), 9, 2)],
)
def test_a_share_of_some_hosts_is_never_none(batch: Share | Exactly, hosts: int, expected: int) -> None:
    assert batch.of(hosts) == expected


def test_home_and_relative_paths_are_meant_from_home_and_from_the_playbook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    text = GOOD.replace("app: shop", "app: shop\nrepository: ..\nssh: {config: ~/c, known_hosts: keys}")
    book = read(text)
    ssh = book.environment().hosts[0].ssh
    expected = (Path("/repo/playbooks/.."), f"{tmp_path}/c", "/repo/playbooks/keys")
    assert (book.repository, ssh.config, ssh.known_hosts) == expected
