"""The playbook's smaller mappings: what is built and shared, and an environment's policy."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, TypeAdapter, ValidationInfo, model_validator

from rollback.playbook.amounts import Exactly, Share
from rollback.playbook.hosts import Listed, Ssh, Vars, WrittenHost, twice
from rollback.playbook.inventory import Inventory
from rollback.playbook.shape import Fault, Frozen, refuse
from rollback.playbook.types import Batch, Count, Duration, MayBeAway, OneOrMore, Span, Switch
from rollback.playbook.words import (
    Command,
    Inside,
    Line,
    OptionalCommand,
    Regex,
    Url,
)


class Build(Frozen):
    """What is deployed instead of the tagged tree itself."""

    run: Command = Field(description="run here with sh, in a clean export of the tag")
    artifact: Inside = Field(description="the folder or tar.gz that it makes")


class Shared(Frozen):
    """What outlives releases: links from every release into `shared/`."""

    dirs: tuple[Inside, ...] = ()
    files: tuple[Inside, ...] = ()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """One inside the other could not be linked."""
        every = [
            *(("dirs", at, path) for at, path in enumerate(self.dirs)),
            *(("files", at, path) for at, path in enumerate(self.files)),
        ]
        refuse(
            *(
                Fault((key, at), f'"{path}" is "{other}" or inside it')
                for place, (key, at, path) in enumerate(every)
                for elsewhere, (_, _, other) in enumerate(every)
                if place != elsewhere and ((path == other and place > elsewhere) or path.startswith(f"{other}/"))
            )
        )
        return self


class Migrations(Frozen):
    """Which files of the repository are migrations, how they are applied, and which mark there is no way back from."""

    path: Inside
    up: Command | None = Field(default=None, description="run once, on one host, before the switch")
    irreversible: Regex = Field(
        default="# rollback: irreversible", description="a migration that holds it is a barrier"
    )


class Rollout(Frozen):
    """Who is switched when: first `canary` hosts, then `batch` at a time, one role after the other. A wave is never of
    two zones."""

    canary: Count = Field(default=1, description="hosts that go first; 0: none")
    batch: Batch = Field(default=Share(0.5), description="hosts at once after that: a count, or a share of all hosts")
    pause: Duration = Field(default=0.0, description="between two waves; the hosts of the first are watched meanwhile")
    max_unreachable: MayBeAway = Field(
        default=Exactly(0), description="hosts that a deploy may go out without: a count, or a share of all hosts"
    )
    order: OneOrMore[Line] = Field(default=(), description="roles, in the order in which their hosts are switched")

    @model_validator(mode="after")
    def _once(self) -> Self:
        twice = [at for at, role in enumerate(self.order) if role in self.order[:at]]
        refuse(*(Fault(("order", at), f'"{self.order[at]}" is already there') for at in twice))
        return self


class Gate(Frozen):
    """After each wave. All in seconds: at every `interval`, everything must pass for `min_healthy_time`."""

    min_healthy_time: Duration = 2.0
    healthy_deadline: Span = 60.0
    interval: Span = 1.0

    @property
    def samples(self) -> int:
        return int(self.min_healthy_time // self.interval) + 1

    @model_validator(mode="after")
    def _possible(self) -> Self:
        late = self.healthy_deadline < self.min_healthy_time
        refuse(Fault(("healthy_deadline",), "is shorter than min_healthy_time: nothing could pass") if late else None)
        return self


class Watch(Frozen):
    """After the last wave. All in seconds. `rollback watch` counts limits over the last `duration`."""

    duration: Span = 300.0
    interval: Span = 15.0
    rollback_within: Duration = 0.0

    @property
    def samples(self) -> int:
        return int(self.duration // self.interval) + 1

    @model_validator(mode="after")
    def _possible(self) -> Self:
        refuse(Fault(("interval",), "is longer than the duration") if self.interval > self.duration else None)
        return self


class Verify(Frozen):
    """What follows from the checks."""

    auto_rollback: Literal["on", "ask", "off"] = Field(default="on", description="when a release is bad")
    on_inconclusive: Literal["hold", "rollback", "accept"] = Field(
        default="hold", description="when too little could be measured; what is accepted counts as known good"
    )
    preflight: Switch = Field(default=True, description="ask the same checks of the live release first")
    gate: Gate = Gate()
    watch: Watch | None = None


_CONFIRM_LEAST = 60.0  # seconds: four renewals of a lease, so that some may get lost


class Policy(Frozen):
    """What a host does by itself."""

    confirm_within: Span | None = Field(
        default=None, description="a switched host that hears nothing for so long goes back by itself; 60s or more"
    )

    @model_validator(mode="after")
    def _bearable(self) -> Self:
        short = self.confirm_within is not None and self.confirm_within < _CONFIRM_LEAST
        said = "is too short: hosts hear of their operator every 15s, and some of it may get lost; 60s or more"
        refuse(Fault(("confirm_within",), said) if short else None)
        return self


def _written(value: Any, info: ValidationInfo) -> tuple[WrittenHost, ...] | Inventory:
    """A mapping without a name says where they stand. Both are read apart, so that no fault speaks of the other."""
    elsewhere = isinstance(value, Inventory) or (isinstance(value, dict) and "name" not in value)
    reader: TypeAdapter[Any] = _ELSEWHERE if elsewhere else _LISTED
    found: tuple[WrittenHost, ...] | Inventory = reader.validate_python(value, context=info.context)
    return found


_ELSEWHERE: TypeAdapter[Inventory] = TypeAdapter(Inventory)
_LISTED: TypeAdapter[tuple[WrittenHost, ...]] = TypeAdapter(Listed)
Hosts = Annotated[
    tuple[WrittenHost, ...] | Inventory, PlainValidator(_written, json_schema_input_type=Listed | Inventory)
]


class WrittenEnvironment(Frozen):
    """An environment as the playbook has it."""

    hosts: Hosts = Field(description="names, or mappings with a name; or where they stand: file, command or ansible")
    url: Url | None = Field(default=None, description="the app as its users reach it")
    rollout: Rollout = Rollout()
    verify: Verify = Verify()
    policy: Policy = Policy()
    ssh: Ssh = Ssh()
    restart: OptionalCommand | None = None
    drain: OptionalCommand | None = None
    undrain: OptionalCommand | None = None
    vars: Vars = Field(default={})

    @property
    def listed(self) -> tuple[WrittenHost, ...]:
        """Those that stand in the playbook."""
        return () if isinstance(self.hosts, Inventory) else self.hosts

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        refuse(*(Fault(("hosts", *one.path), one.sentence) for one in twice(self.listed)))
        return self
