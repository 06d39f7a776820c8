"""The playbook as it is written, validated: the model of the whole file. Its parts: `settings`, `check`.

Names and defaults are the contract; `playbooks/reference.yml` explains each key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr, model_validator

from rollback.playbook import rules
from rollback.playbook.amounts import Exactly, Share
from rollback.playbook.check import Check
from rollback.playbook.hosts import Ssh, Vars
from rollback.playbook.inventory import Ask, nobody
from rollback.playbook.notify import Notify
from rollback.playbook.resolve import Environment, environment
from rollback.playbook.scope import texts
from rollback.playbook.secrets import named
from rollback.playbook.settings import (
    Build,
    Gate,
    Migrations,
    Policy,
    Rollout,
    Shared,
    Verify,
    Watch,
    WrittenEnvironment,
)
from rollback.playbook.shape import Frozen, refuse
from rollback.playbook.types import OneOrMore, Positive
from rollback.playbook.words import Beside, Command, Contact, Ledger, Line, Name, OptionalCommand, Templated, Zone

__all__ = [
    "Build",
    "Check",
    "Environment",
    "Exactly",
    "Gate",
    "Migrations",
    "Notify",
    "Playbook",
    "Policy",
    "Rollout",
    "Share",
    "Shared",
    "Ssh",
    "Verify",
    "Watch",
]


class Playbook(Frozen):
    """The validated account of how one app is deployed, checked and rolled back in its environments."""

    app: Name = Field(description="the app's name; stands in every record")
    root: Templated = Field(description="the app's folder on every host; may hold {{host.vars.x}}, {{app}} …")
    environments: Mapping[Name, WrittenEnvironment] = Field(min_length=1)
    checks: OneOrMore[Check]
    repository: Beside = Field(
        default=Path(), validate_default=True, description="where the tags live; default: around this file"
    )
    tags: Line = Field(default="*", description="which tags are releases, as a git pattern")
    keep: Positive = Field(default=5, description="verified releases kept, beside those that a rollback needs")
    ledger: Ledger = Field(
        default="sqlite", description="sqlite, sqlite:///FILE or postgresql+psycopg://USER:${PASSWORD}@HOST/NAME"
    )
    timezone: Zone = Field(default="UTC", description="the team's, beside UTC in what is told of an incident")
    ssh: Ssh = Ssh()
    policy: Policy = Policy()
    build: Build | None = None
    shared: Shared = Shared()
    prepare: OneOrMore[Command] = Field(
        default=(), description="on each host, in the new release's folder; nothing live changes yet"
    )
    restart: OptionalCommand | None = Field(
        default=None, description="the same after a deploy and after a rollback; in `current`"
    )
    drain: OptionalCommand | None = Field(default=None, description="before a host's switch")
    undrain: OptionalCommand | None = Field(default=None, description="after a host's verification")
    vars: Vars = Field(default={}, description="yours: {{host.vars.x}} in checks and root, $ROLLBACK_VAR_X in commands")
    migrations: Migrations | None = None
    notify: OneOrMore[Notify] = Field(default=(), description="whom it tells what happens")
    contacts: Mapping[Line, Contact] = Field(default={}, description="whom the runbook names, and how to reach them")

    _file: Path = PrivateAttr(Path("playbook.yml"))

    @property
    def file(self) -> Path:
        """Where it was read from, absolute."""
        return self._file

    def environment(self, name: str | None = None, ask: Ask = nobody) -> Environment:
        """See `resolve.environment`."""
        return environment(self, name, ask)

    def secret_names(self) -> frozenset[str]:
        """Every ${NAME} that an operation needs. It goes on without those of `notify` and of `ledger`."""
        needed = ((path, text) for path, text in texts(self) if path[:1] not in {("notify",), ("ledger",)})
        return frozenset(name for _, text in needed for name in named(text))

    def model_post_init(self, context: Any) -> None:
        if context and "file" in context:
            self._file = context["file"]

    @model_validator(mode="after")
    def _together(self) -> Self:
        refuse(*rules.faults(self))
        return self
