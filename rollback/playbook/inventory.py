"""Hosts that stand elsewhere: in a file, in what a command prints, or in an Ansible inventory. What each of them says
becomes the same list that a playbook would have. Nothing is read or run here: `source.inventory` does that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from rollback.errors import UsageError
from rollback.playbook import faults
from rollback.playbook.hosts import Listed, WrittenHost, twice
from rollback.playbook.shape import Fault, Frozen, refuse
from rollback.playbook.words import IDENTIFIER, Beside, Command, Line
from rollback.text import clean_line

Raw = list[Any]
_LISTED: TypeAdapter[tuple[WrittenHost, ...]] = TypeAdapter(Listed)
_SSH = {"ansible_host": "address", "ansible_port": "port", "ansible_user": "user"}
_UNGROUPED = {"all", "ungrouped"}
_SHOWN = 3  # faults; of ten thousand hosts that lack the same thing nobody reads more


class Inventory(Frozen):
    """Where an environment's hosts stand: exactly one of `file`, `command` and `ansible`."""

    file: Beside | None = Field(default=None, description="a host a line: its name, then key=value; # is a comment")
    command: Command | None = Field(default=None, description="run here with sh; prints the list of hosts as JSON")
    ansible: Beside | None = Field(default=None, description="an inventory, as ansible-inventory -i takes it")
    group: Line | None = Field(default=None, description="of the Ansible inventory; default: all")

    @model_validator(mode="after")
    def _one(self) -> Self:
        kinds = [key for key in ("file", "command", "ansible") if getattr(self, key) is not None]
        refuse(
            Fault((), f"{' and '.join(kinds)}: hosts come from one place") if kinds[1:] else None,
            Fault((), "hosts come from one of file, command and ansible") if not kinds else None,
            Fault(("group",), "is one of an Ansible inventory's") if self.group and not self.ansible else None,
        )
        return self

    def __str__(self) -> str:
        path = self.file or self.ansible
        return clean_line(path.name if path else f"`{self.command}`", 80)


Ask = Callable[[Inventory], Raw]  # what stands there; raises UsageError


def nobody(inventory: Inventory) -> Raw:
    """Where nothing may be read or run."""
    raise UsageError(f"the hosts of {inventory} are not known here")


def hosts(inventory: Inventory, ask: Ask) -> tuple[WrittenHost, ...]:
    """Raises: UsageError, one sentence."""
    raw = ask(inventory)
    if not raw:
        raise UsageError(f"hosts: {inventory} has no host")
    try:
        found = _LISTED.validate_python(raw)
    except ValidationError as wrong:
        raise _unusable(inventory, faults.plain(wrong, WrittenHost)) from None
    if doubled := list(twice(found)):
        raise _unusable(inventory, doubled)
    return found


def _unusable(inventory: Inventory, found: list[Fault]) -> UsageError:
    said = [f"host {int(one.path[0]) + 1}{_within(one)}: {one.sentence}" for one in found[:_SHOWN]]
    more = [f"and {len(found) - _SHOWN} more"] if found[_SHOWN:] else []
    return UsageError(f"hosts: {inventory}: {'; '.join([*said, *more])}")


def _within(fault: Fault) -> str:
    inner = ".".join(str(part) for part in fault.path[1:] if part != "name")
    return f", {clean_line(inner, 80)}" if inner else ""


def lines(text: str) -> Raw:
    """`web1 address=10.0.0.1 zone=a roles=web,api vars.port=8001`. Raises: ValueError, with the line."""
    return [_line(number, words) for number, line in enumerate(text.splitlines(), 1) if (words := _words(line))]


def _words(line: str) -> list[str]:
    return line.partition("#")[0].split()


def _line(number: int, words: list[str]) -> dict[str, Any]:
    host: dict[str, Any] = {"name": words[0]}
    for word in words[1:]:
        key, sign, value = word.partition("=")
        if not sign:
            raise ValueError(f'line {number}: "{clean_line(word, 60)}" is not key=value')
        if key.startswith("vars."):
            host.setdefault("vars", {})[key.removeprefix("vars.")] = value
        else:
            host[key] = value.split(",") if key == "roles" else value
    return host


def listed(text: str) -> Raw:
    """A JSON list, as `hosts:` has it. Raises: ValueError."""
    found = _json(text)
    if not isinstance(found, list):
        raise ValueError("is not a JSON list of hosts")
    return [_texts(one) for one in found]


def of_ansible(text: str, group: str) -> Raw:
    """What `ansible-inventory --list` prints: the hosts of a group and of its children. Raises: ValueError.

    A host's groups are its roles; its variables are its vars, but for Ansible's own and what is no single value.
    """
    found = _json(text)
    if not isinstance(found, dict) or not isinstance(found.get("_meta"), dict):
        raise ValueError("is not what ansible-inventory --list prints")
    if group not in found and group not in _UNGROUPED:
        raise ValueError(f'has no group "{clean_line(group, 60)}"; it has {_groups(found)}')
    values = found["_meta"].get("hostvars", {})
    roles: dict[str, list[str]] = {}
    for name in found:
        for host in _members(found, name) if name not in {"_meta", *_UNGROUPED} else ():
            roles.setdefault(host, []).append(name)
    return [_ansible(host, values.get(host, {}), roles.get(host, [])) for host in _members(found, group)]


def _groups(found: Mapping[str, Any]) -> str:
    return clean_line(", ".join(sorted(found.keys() - {"_meta", *_UNGROUPED})) or "none", 200)


def _members(found: Mapping[str, Any], group: str) -> dict[str, None]:
    """Its hosts and its children's, once each."""
    seen, waiting = dict[str, None](), [group]
    hosts = dict[str, None]()
    while waiting:
        one = waiting.pop(0)
        if one not in seen:
            seen[one] = None
            inner = found.get(one, {})
            hosts |= dict.fromkeys(inner.get("hosts", ()))
            waiting += inner.get("children", ())
    return hosts


def _ansible(name: str, values: Mapping[str, Any], roles: list[str]) -> dict[str, Any]:
    host: dict[str, Any] = {"name": name, "roles": roles, "vars": dict(_own(values))}
    host |= {key: _texts(values[one]) for one, key in _SSH.items() if one in values}
    zone = host["vars"].pop("zone", None)
    return host | ({"zone": zone} if zone else {})


def _own(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if IDENTIFIER.fullmatch(key) and not key.startswith("ansible_") and isinstance(value, str | int | float):
            yield key, _texts(value)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"is not JSON: {clean_line(text, 60) or 'nothing'}") from None


def _texts(value: Any) -> Any:
    """Every scalar as it would be written."""
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
