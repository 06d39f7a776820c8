"""What a runbook must name of a playbook: its hosts as ssh takes them, its commands, its checks, whom to call. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rollback.core.rollout import rollout, waves
from rollback.model import Host, View
from rollback.playbook.check import Check
from rollback.playbook.inventory import Ask, nobody
from rollback.playbook.resolve import Environment
from rollback.playbook.schema import Playbook

Shown = Callable[[str], str]
_UNIT = re.compile(r"\bsystemctl (?:-\S+ )*(?:try-)?(?:restart|reload|reload-or-restart) ([A-Za-z0-9@._-]+)")
_WHERE = {View.HOST: "on each host", View.URL: "as users see it"}
_BY_ITSELF = {"on": "is taken back by itself", "ask": "is taken back once a person says so", "off": "is left live"}
_UNMEASURED = {"hold": "is held", "rollback": "is taken back", "accept": "counts as good"}


@dataclass(frozen=True, slots=True)
class Server:
    """ssh: the words that log in there. commands: (restart | drain | undrain, as sh runs it in `current`). unit: what
    its restart restarts, if that is systemd's."""

    name: str
    ssh: str
    root: str
    roles: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An environment. waves: the hosts that a rollback switches together, in their order. policy: sentences."""

    name: str
    url: str
    servers: tuple[Server, ...]
    waves: tuple[tuple[str, ...], ...]
    policy: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A check. what: its kind and what it asks. severity: required or warn."""

    name: str
    what: str
    where: str
    cases: int
    severity: str


@dataclass(frozen=True, slots=True)
class Runbook:
    """place: the environment that the steps speak of, `production` or else the first. option: what names it in a
    command, with a space before it, or "" when it is the only one."""

    app: str
    playbook: str
    place: Place
    places: tuple[Place, ...]
    option: str
    contacts: Mapping[str, str]
    prepare: tuple[str, ...]
    migrations: str
    checks: tuple[Asked, ...]
    secrets: tuple[str, ...]


def runbook(playbook: Playbook, shown: Shown, ask: Ask = nobody) -> Runbook:
    """Of all its environments. shown: how a file is called where the commands are typed, on every machine alike. ask:
    brings hosts that stand elsewhere."""
    places = tuple(_place(playbook.environment(name, ask), shown) for name in playbook.environments)
    place = next((one for one in places if one.name == "production"), places[0])
    return Runbook(
        playbook.app,
        playbook.file.stem,
        place,
        places,
        f" -e {place.name}" if len(places) > 1 else "",
        playbook.contacts,
        playbook.prepare,
        playbook.migrations.path if playbook.migrations else "",
        tuple(_asked(check) for check in playbook.checks),
        tuple(sorted(playbook.secret_names())),
    )


def _place(environment: Environment, shown: Shown) -> Place:
    servers = tuple(_server(host, shown) for host in environment.hosts)
    names = tuple(host.name for host in environment.hosts)
    back = rollout(environment, environment.hosts).back
    return Place(environment.name, environment.url or "", servers, waves(names, back), _policy(environment))


def _policy(environment: Environment) -> tuple[str, ...]:
    verify, within = environment.verify, environment.confirm_within
    said = [
        f"a release that is bad {_BY_ITSELF[verify.auto_rollback]}",
        f"one of which too little can be measured {_UNMEASURED[verify.on_inconclusive]}",
    ]
    if verify.watch:
        said.append(f"after a deploy its checks are asked for {verify.watch.duration:g} s more")
    if within:
        said.append(f"a host that hears nothing of the deploy that switched it for {within:g} s goes back by itself")
    return tuple(said)


def _server(host: Host, shown: Shown) -> Server:
    commands = (("restart", host.restart), ("drain", host.drain), ("undrain", host.undrain))
    said = tuple((name, command) for name, command in commands if command)
    unit = _UNIT.search(host.restart or "")
    ssh = " ".join(map(_word, _ssh(host, shown)))
    return Server(host.name, ssh, host.root, host.roles, said, unit[1] if unit else "")


def _ssh(host: Host, shown: Shown) -> Iterator[str]:
    ssh = host.ssh
    yield "ssh"
    if ssh.config:
        yield from ("-F", shown(ssh.config))
    if ssh.known_hosts:
        yield from ("-o", f"UserKnownHostsFile={shown(ssh.known_hosts)}")
    if ssh.port:
        yield from ("-p", str(ssh.port))
    name = ssh.address or host.name
    yield f"{ssh.user}@{name}" if ssh.user else name


def _word(text: str) -> str:
    """A home folder is the shell's to fill in."""
    return f"~/{shlex.quote(text[2:])}" if text.startswith("~/") else shlex.quote(text)


def _asked(check: Check) -> Asked:
    where = " and ".join(_WHERE[view] for view in check.views)
    return Asked(check.name, f"{check.kind}{_what(check)}", where, len(check.cases), check.severity)


def _what(check: Check) -> str:
    if check.http:
        return f" {check.http.method} {check.http.path or check.http.url}"
    if check.flow:
        return " " + ", ".join(f"{step.request.method} {step.request.path}" for step in check.flow)
    return f" {check.command}" if check.command else ""
