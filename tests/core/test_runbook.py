"""What a runbook names of a playbook."""

from __future__ import annotations

from pathlib import Path

from rollback.core.runbook import Asked, Place, Runbook, Server, runbook
from rollback.playbook.load import parse
from rollback.playbook.schema import Playbook

PLAYBOOK = r"""
app: shop
root: "/srv/{{host.name}}"
ssh: {user: deploy, config: "../ssh config", known_hosts: ~/known}
prepare: make
restart: systemctl restart shop
migrations: {path: migrations}
contacts: {on call: "+44 20 7946 0123"}
environments:
  staging: {hosts: [stage1]}
  production:
    url: https://shop.example.com
    hosts: [web1, {name: web2, address: 10.0.0.2, port: "2222", user: root, roles: [db], restart: "", drain: out}, web3]
    rollout: {canary: 1, batch: "2"}
    policy: {confirm_within: 2m}
    verify: {auto_rollback: ask, on_inconclusive: accept, watch: {duration: 5m, interval: 15s}}
checks:
  - name: login
    for_each: {user: [a, b]}
    flow:
      - {request: {get: /login}}
      - {request: {post: /login, form: {user: "{{user}}", password: "${SMOKE_PASSWORD}"}}, expect: {status: 302}}
  - {name: up, http: {path: /, via: host, port: "80"}, expect: {status: 200}}
  - {name: unit, command: "systemctl is-active shop", expect: {exit_status: "0"}, severity: warn}
  - {name: port, tcp: {port: "80"}}
"""


def read(text: str) -> Playbook:
    return parse(text.encode(), Path("/x/playbooks/shop.yml"), "shop.yml")


def test_all_that_a_person_needs_at_night_is_named() -> None:
    ssh = "ssh -F '<../ssh config>' -o 'UserKnownHostsFile=<known>'"
    restart = (("restart", "systemctl restart shop"),)
    found = runbook(
        read(PLAYBOOK),
        lambda path: f"<{path.removeprefix('/x/playbooks/').rpartition('~')[2]}>".replace(str(Path.home()) + "/", ""),
    )
    production = Place(
        "production",
        "https://shop.example.com",
        (
            Server("web1", f"{ssh} deploy@web1", "/srv/web1", (), restart, "shop"),
            Server("web2", f"{ssh} -p 2222 root@10.0.0.2", "/srv/web2", ("db",), (("drain", "out"),)),
            Server("web3", f"{ssh} deploy@web3", "/srv/web3", (), restart, "shop"),
        ),
        (("web1", "web2"), ("web3",)),
        (
            "a release that is bad is taken back once a person says so",
            "one of which too little can be measured counts as good",
            "after a deploy its checks are asked for 300 s more",
            "a host that hears nothing of the deploy that switched it for 120 s goes back by itself",
        ),
    )
    assert (found.place, found.places[0].waves, found.option) == (production, (("stage1",),), " -e production")
    assert found == Runbook(
        "shop",
        "shop",
        production,
        (found.places[0], production),
        " -e production",
        {"on call": "+44 20 7946 0123"},
        ("make",),
        "migrations",
        (
            Asked("login", "flow GET /login, POST /login", "on each host", 2, "required"),
            Asked("up", "http GET /", "on each host", 1, "required"),
            Asked("unit", "command systemctl is-active shop", "on each host", 1, "warn"),
            Asked("port", "tcp", "on each host", 1, "required"),
        ),
        ("SMOKE_PASSWORD",),
    )


def test_what_a_playbook_does_not_say_is_left_out() -> None:
    text = "app: shop\nroot: /srv/shop\nenvironments: {live: {hosts: [web1]}}\nchecks: {name: up, tcp: {port: '80'}}\n"
    found = runbook(read(text), str)
    server = Server("web1", "ssh web1", "/srv/shop", (), ())
    policy = ("a release that is bad is taken back by itself", "one of which too little can be measured is held")
    assert found.place == Place("live", "", (server,), (("web1",),), policy)
    assert (found.option, found.contacts, found.prepare, found.migrations, found.secrets) == ("", {}, (), "", ())


def test_a_home_folder_is_the_shells_to_fill_in() -> None:
    found = runbook(read(PLAYBOOK), lambda _: "~/my files/config")
    assert found.place.servers[0].ssh.startswith(
        "ssh -F ~/'my files/config' -o 'UserKnownHostsFile=~/my files/config' "
    )
