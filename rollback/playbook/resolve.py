"""From what was written to what it means for one environment and each of its hosts: the nearest setting wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rollback import model
from rollback.errors import UsageError
from rollback.playbook import inventory
from rollback.playbook.hosts import WrittenHost
from rollback.playbook.inventory import Ask, Inventory
from rollback.playbook.notify import Notify
from rollback.playbook.read import dotted
from rollback.playbook.settings import Rollout, Verify, WrittenEnvironment
from rollback.playbook.template import names, render
from rollback.text import clean, clean_line

if TYPE_CHECKING:
    from rollback.playbook.schema import Playbook

_ROOT_NAMES = frozenset({"app", "environment", "host.name", "host.address"})


@dataclass(frozen=True, slots=True)
class Environment:
    """A name, its hosts, its URL, its policy: everything inherited is in its place."""

    name: str
    app: str
    url: str | None
    hosts: tuple[model.Host, ...]
    rollout: Rollout
    verify: Verify
    confirm_within: float | None = None  # seconds
    notify: tuple[Notify, ...] = ()

    def values(self, host: model.Host | None = None) -> dict[str, str]:
        """What the templates know of this environment, and of one of its hosts."""
        known = {"app": self.app, "environment": self.name} | ({"url": self.url.rstrip("/")} if self.url else {})
        return known | (_host_values(host.name, host.ssh.address, host.vars) if host else {})


def environment(playbook: Playbook, name: str | None, ask: Ask) -> Environment:
    """The environment called `name`, or the only one. UsageError: several and none named, or no such name; or its hosts
    stand elsewhere (`ask` brings them), and they are none."""
    chosen = _choose(tuple(playbook.environments), name)
    written = playbook.environments[chosen]
    hosts = tuple(_host(playbook, chosen, written, one) for one in _written(playbook, chosen, ask))
    confirm_within = written.policy.confirm_within or playbook.policy.confirm_within
    notify = tuple(one for one in playbook.notify if one.environments is None or chosen in one.environments)
    return Environment(
        chosen, playbook.app, written.url, hosts, written.rollout, written.verify, confirm_within, notify
    )


def _written(playbook: Playbook, name: str, ask: Ask) -> tuple[WrittenHost, ...]:
    written = playbook.environments[name]
    if not isinstance(written.hosts, Inventory):
        return written.hosts
    from rollback.playbook import rules  # which needs this room, too

    found = inventory.hosts(written.hosts, ask)
    wrong = next(rules.of_hosts(playbook, name, written, found), None)
    if wrong:
        raise UsageError(f"with the hosts of {written.hosts}: {dotted(wrong.path)}: {wrong.sentence}")
    return found


def variables(playbook: Playbook, written: WrittenEnvironment, host: WrittenHost) -> dict[str, str]:
    """A host's vars, the nearest winning key by key."""
    return {**playbook.vars, **written.vars, **host.vars}


def root(playbook: Playbook, name: str, written: WrittenEnvironment, host: WrittenHost) -> str:
    """The root on a host. ValueError: a name that nobody fills in, or not an absolute folder other than /."""
    values = {"app": playbook.app, "environment": name}
    values |= _host_values(host.name, host.address, variables(playbook, written, host))
    for missing in sorted(names(playbook.root) - set(values)):
        raise ValueError(_missing(missing, host.name))
    text = render(playbook.root, values)
    path = PurePosixPath(text)
    if not text.startswith("/") or ".." in path.parts or clean(text) != text or "\n" in text:
        raise ValueError(f'the root of {host.name}, "{clean_line(text, 80)}", is not an absolute path (without ..)')
    if len(path.parts) < 2:
        raise ValueError(f"the root of {host.name} is /, which is no place for an app (like /srv/{playbook.app})")
    return "/" + "/".join(path.parts[1:])


def _missing(name: str, host: str) -> str:
    if name.startswith("host.vars."):
        return f"{{{{{name}}}}} is not known: {host} has no vars.{name.removeprefix('host.vars.')}"
    near = get_close_matches(name, _ROOT_NAMES, n=1)
    return f"unknown name {{{{{name}}}}}" + (f"; did you mean {{{{{near[0]}}}}}?" if near else "")


def _choose(known: tuple[str, ...], name: str | None) -> str:
    if name is None:
        if len(known) == 1:
            return known[0]
        raise UsageError(f"the playbook has several environments: {', '.join(known)}", hint=f"say which: -e {known[0]}")
    if name in known:
        return name
    near = get_close_matches(name, known, n=1, cutoff=0.4) or [known[0]]
    raise UsageError(
        f'the playbook has no environment "{clean_line(name, 60)}"; it has {", ".join(known)}', hint=f"-e {near[0]}"
    )


def _host(playbook: Playbook, name: str, written: WrittenEnvironment, host: WrittenHost) -> model.Host:
    levels = (playbook, written, host)
    return model.Host(
        name=host.name,
        root=root(playbook, name, written, host),
        ssh=_ssh(playbook, written, host),
        roles=host.roles,
        zone=host.zone or "",
        vars=MappingProxyType(variables(playbook, written, host)),
        restart=_nearest(*(level.restart for level in levels)),
        drain=_nearest(*(level.drain for level in levels)),
        undrain=_nearest(*(level.undrain for level in levels)),
    )


def _nearest(*commands: str | None) -> str | None:
    """The last that was said at all; an empty one says "nothing here"."""
    said = [command for command in commands if command is not None]
    return said[-1] if said and said[-1].strip() else None


def _ssh(playbook: Playbook, written: WrittenEnvironment, host: WrittenHost) -> model.Ssh:
    own = {"address": host.address, "port": host.port, "user": host.user}
    layers = [layer.model_dump(exclude_none=True) for layer in (playbook.ssh, written.ssh, host.ssh)]
    merged: dict[str, Any] = {}  # the keys are model.Ssh's own; its types were checked one by one
    for layer in [*layers, {key: value for key, value in own.items() if value is not None}]:
        merged |= layer
    for key in {"config", "known_hosts"} & merged.keys():
        merged[key] = str(merged[key])
    return model.Ssh(**merged)


def _host_values(name: str, address: str | None, own: Mapping[str, str]) -> dict[str, str]:
    return {
        "host.name": name,
        "host.address": address or name,
        **{f"host.vars.{key}": value for key, value in own.items()},
    }
