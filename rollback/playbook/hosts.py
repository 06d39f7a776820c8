"""Hosts as they are written, in a playbook or elsewhere, and how they are reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from rollback.playbook.shape import Fault, Frozen, refuse
from rollback.playbook.types import OneOrMore, Port, Rate, Span, Text
from rollback.playbook.words import Beside, HostName, Identifier, Line, OptionalCommand, User

Vars = Mapping[Identifier, Text]


class Ssh(Frozen):
    """How hosts are reached; what is left out comes from the user's ssh_config."""

    user: User | None = None
    port: Port | None = None
    config: Beside | None = Field(default=None, description="an ssh_config to read instead of the user's")
    known_hosts: Beside | None = Field(
        default=None, description="host keys to trust, instead of the user's and the system's"
    )
    host_keys: Literal["strict", "accept-new"] | None = Field(
        default=None, description="accept-new trusts a host never seen before"
    )
    connect_timeout: Span | None = Field(default=None, description="default 5s")
    command_timeout: Span | None = Field(default=None, description="of any command on a host; default 5m")
    bandwidth: Rate | None = Field(
        default=None, description="a second, for all uploads together to hosts that have the same; default: no cap"
    )


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class WrittenHost(Frozen):
    """A host as the playbook has it; what is None comes from around it, or from the user's ssh_config."""

    name: HostName = Field(description="looked up in the user's ssh_config first")
    address: HostName | None = None
    port: Port | None = Field(default=None, description="of its sshd")
    user: User | None = None
    roles: tuple[Line, ...] = ()
    zone: Line | None = Field(default=None, description="a wave never takes hosts of two zones")
    ssh: Ssh = Ssh()
    restart: OptionalCommand | None = Field(default=None, description='"" means: nothing here')
    drain: OptionalCommand | None = Field(default=None, description='"" means: nothing here')
    undrain: OptionalCommand | None = Field(default=None, description='"" means: nothing here')
    vars: Vars = Field(default={})

    @model_validator(mode="after")
    def _once(self) -> Self:
        twice = [key for key in ("port", "user") if key in self.model_fields_set & self.ssh.model_fields_set]
        refuse(*(Fault(("ssh", key), f"`{key}` is also beside the host's name: say it once") for key in twice))
        return self


Listed = OneOrMore[Annotated[WrittenHost, BeforeValidator(_named, json_schema_input_type=str | WrittenHost)]]


def twice(hosts: Sequence[WrittenHost]) -> Iterator[Fault]:
    """Those whose name an earlier one has."""
    seen: set[str] = set()
    for at, host in enumerate(hosts):
        if host.name in seen:
            yield Fault((at,), f'"{host.name}" is already a host of this environment')
        seen.add(host.name)
