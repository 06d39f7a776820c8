"""Faults of everything but the checks: the exact lines that are said of them."""

from __future__ import annotations

import pytest

from tests.playbook.written import GOOD, faults

NAME = "is not a host name: letters, digits, '.', '_', ':' and '-', never '-' first"


CHANGED = [
    ("app: shop", "", ["2: app: is missing"]),
    (
        "app: shop",
        "app: ''",
        ["1: app: \"\" is not a name: letters, digits, '.', '_' and '-', the first a letter or digit"],
    ),
    ("app: shop", "app: [shop]", ["1: app: a list is not text"]),
    ("app: shop", "app: shop\nrestrat: x", ['2: restrat: unknown key; did you mean "restart"?']),
    ("app: shop", "app: shop\nkeep: 0", ['2: keep: "0" is not between 1 and 1000000']),
    ("app: shop", "app: shop\ntimezone: Mars/Base", ['2: timezone: "Mars/Base" is no time zone (like Europe/Berlin)']),
    ("app: shop", "app: shop\ntimezone: ../UTC", ['2: timezone: "../UTC" is no time zone (like Europe/Berlin)']),
    ("app: shop", "app: shop\nkeep: few", ['2: keep: "few" is not a whole number']),
    ("app: shop", "app: shop\nssh: {user: -x}", ['2: ssh.user: "-x" is not a user name']),
    ("app: shop", "app: shop\nssh: {port: 0}", ['2: ssh.port: "0" is not between 1 and 65535']),
    ("app: shop", "app: shop\nssh: {connect_timeout: 0s}", ["2: ssh.connect_timeout: must be longer than 0s"]),
    ("app: shop", "app: shop\nssh: {host_keys: any}", ['2: ssh.host_keys: "any" is not one of strict, accept-new']),
    (
        "app: shop",
        'app: shop\ncontacts:\n  on call: "${PHONE}"\n  dba: "a\\nb"\n  "": x\n  boss: [a]',
        [
            "3: contacts.on call: is no place for ${…} or {{…}}: it stands in the runbook as it is written",
            '4: contacts.dba: "a b" is not one line of visible text',
            '5: contacts.: "" is not one line of visible text',
            "6: contacts.boss: a list is not text",
        ],
    ),
    ("app: shop", "app: shop\nprepare: []", ["2: prepare: is an empty list: at least one is needed"]),
    (
        "app: shop",
        "app: shop\nrestart: reload {{app}}",
        ["2: restart: {{…}} is not filled in here: a command has the variables $ROLLBACK_TAG, $ROLLBACK_RELEASE, …"],
    ),
    (
        "app: shop",
        "app: shop\nledger: postgresql+psycopg://u:secret@db/x",
        ["2: ledger: holds a password: write it as ${NAME}; it comes from the environment at use"],
    ),
    (
        "app: shop",
        "app: shop\nshared:\n  dirs: [a, a/b]\n  files: [../x, /y, a]",
        [
            '4: shared.files[0]: "../x" is not a path inside the release (relative, without ..)',
            '4: shared.files[1]: "/y" is not a path inside the release (relative, without ..)',
        ],
    ),
    (
        "app: shop",
        "app: shop\nshared:\n  dirs: [a, a/b]\n  files: [a]",
        ['3: shared.dirs[1]: "a/b" is "a" or inside it', '4: shared.files[0]: "a" is "a" or inside it'],
    ),
    ("app: shop", "app: shop\nbuild: {run: make}", ["2: build.artifact: is missing"]),
    ("/srv/shop", "srv", ['2: root: the root of web1, "srv", is not an absolute path (without ..)']),
    ("/srv/shop", "/srv/../etc", ['2: root: the root of web1, "/srv/../etc", is not an absolute path (without ..)']),
    ("/srv/shop", "//", ["2: root: the root of web1 is /, which is no place for an app (like /srv/shop)"]),
    ("/srv/shop", "'/srv/{{host.vars.x}}'", ["2: root: {{host.vars.x}} is not known: web1 has no vars.x"]),
    ("/srv/shop", "'/srv/{{hots.name}}'", ["2: root: unknown name {{hots.name}}; did you mean {{host.name}}?"]),
    ("[web1]", "[]", ["5: environments.production.hosts: is an empty list: at least one is needed"]),
    (
        "[web1]",
        '[-oProxyCommand=x, "a b", "a\\tb", "w*"]',
        [
            f'5: environments.production.hosts[{at}]: "{name}" {NAME}'
            for at, name in enumerate(["-oProxyCommand=x", "a b", "a b", "w*"])
        ],
    ),
    (
        "[web1]",
        "[web1, {name: web1}]",
        ['5: environments.production.hosts[1]: "web1" is already a host of this environment'],
    ),
    (
        "[web1]",
        "[{name: web1, user: a, ssh: {user: b}}]",
        ["5: environments.production.hosts[0].ssh.user: `user` is also beside the host's name: say it once"],
    ),
    (
        "[web1]",
        "[web1]\n    url: shop",
        ['6: environments.production.url: "shop" is not a URL (like https://shop.example.com)'],
    ),
    (
        "[web1]",
        "[web1]\n    rollout:\n      canery: 1\n      batch: 101%",
        [
            '7: environments.production.rollout.canery: unknown key; did you mean "canary"?',
            '8: environments.production.rollout.batch: "101%" is more than 100%',
        ],
    ),
    (
        "[web1]",
        "[{name: web1, roles: [web]}]\n    rollout: {order: [web, wep, web], max_unreachable: x, pause: 3}",
        [
            '6: environments.production.rollout.pause: "3" is not a duration (like 10s or 5m)',
            '6: environments.production.rollout.max_unreachable: "x" is not a count or a share (like 2 or 5%)',
        ],
    ),
    (
        "[web1]",
        "[web1]\n    rollout: {order: [web, db, web]}",
        ['6: environments.production.rollout.order[2]: "web" is already there'],
    ),
    (
        "[web1]",
        "[{name: web1, roles: [web]}]\n    rollout: {order: [web, wep]}",
        ['6: environments.production.rollout.order[1]: no host of production has the role "wep"; there is web'],
    ),
    (
        "[web1]",
        "[web1]\n    rollout: {batch: 0}",
        ['6: environments.production.rollout.batch: "0" is not between 1 and 1000000'],
    ),
    (
        "[web1]",
        "[web1]\n    verify: {auto_rollback: maybe, preflight: perhaps}",
        [
            '6: environments.production.verify.auto_rollback: "maybe" is not one of on, ask, off',
            '6: environments.production.verify.preflight: "perhaps" is not on or off (true and false are good, too)',
        ],
    ),
    (
        "[web1]",
        "[web1]\n    verify: {gate: {min_healthy_time: 2m}}",
        [
            "6: environments.production.verify.gate.healthy_deadline: is shorter than min_healthy_time: "
            "nothing could pass"
        ],
    ),
    (
        "[web1]",
        "[web1]\n    policy: {confirm_within: 59s}",
        [
            "6: environments.production.policy.confirm_within: is too short: hosts hear of their operator every 15s, "
            "and some of it may get lost; 60s or more"
        ],
    ),
    (
        "[web1]",
        "[web1]\n    vars: {a-b: c}",
        ["6: environments.production.vars.a-b: \"a-b\" is not a name: letters, digits and '_', the first no digit"],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), CHANGED)
def test_a_fault_is_told_with_its_line_its_key_and_what_would_be_right(old: str, new: str, expected: list[str]) -> None:
    assert faults(GOOD.replace(old, new, 1)) == expected
