"""A check: one declared question, of exactly one kind, with its limits. One without an expectation is refused here."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from rollback.model import Limits, View
from rollback.playbook.expect import Expect
from rollback.playbook.http import FlowStep, Http, Tls, Via, port_fault, views
from rollback.playbook.kinds import Exec, Load, Logs, Prometheus, Running, Tcp
from rollback.playbook.scope import faults as scope_faults
from rollback.playbook.shape import Fault, Frozen, refuse
from rollback.playbook.types import Count, OneOrMore, PortText, Span
from rollback.playbook.words import Asked, Identifier, Line, Templated

KINDS = ("http", "flow", "command", "tcp", "running", "logs", "prometheus", "load", "exec")
_ANSWERS = frozenset({"status", "header", "body", "json", "response_time"})
_EXPECTABLE = {"http": _ANSWERS, "command": frozenset({"exit_status", "stdout"}), "exec": frozenset({"exit_status"})}


class Check(Frozen):
    """Exactly one of the kinds is set; `kind` says which. Durations are seconds."""

    name: Line = Field(description="unique; stands in every finding")
    http: Http | None = None
    flow: OneOrMore[FlowStep] | None = Field(default=None, description="requests in order, sharing cookies")
    command: Asked | None = Field(default=None, description="run with sh on each host, in `current`")
    tcp: Tcp | None = None
    running: Running | None = Field(default=None, description="no process lives in another release's folder")
    logs: Logs | None = None
    prometheus: Prometheus | None = None
    load: Load | None = None
    exec: Exec | None = None
    expect: Expect | None = Field(default=None, description="of http, command and exec; a flow has it in its steps")
    via: Via = Field(default="host", description="of a flow: host, url or both")
    port: PortText | None = Field(default=None, description="of a flow: on the host")
    tls: Tls | None = Field(default=None, description="of a flow: as in http")
    for_each: Mapping[Identifier, OneOrMore[Templated]] = Field(default={}, description="ask once for each value")
    phase: OneOrMore[Literal["gate", "watch"]] = ("gate", "watch")
    severity: Literal["required", "warn"] = "required"
    timeout: Span = Field(default=10.0, description="of one question")
    failure_limit: Count | None = Field(
        default=None, description="tolerated, all in all; default 0, or no limit beside the next key"
    )
    consecutive_failure_limit: Count | None = Field(default=None, description="the same, in a row")
    inconclusive_limit: Count = 0
    consecutive_error_limit: Count = 4

    @property
    def kind(self) -> str:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def limits(self) -> Limits:
        return Limits(
            failure=0 if self.failure_limit is None and self.consecutive_failure_limit is None else self.failure_limit,
            consecutive_failure=self.consecutive_failure_limit,
            inconclusive=self.inconclusive_limit,
            consecutive_error=self.consecutive_error_limit,
        )

    @property
    def views(self) -> tuple[View, ...]:
        """From where it is asked: commands, logs, processes on the host; suites and queries from here."""
        asked = self.http or self.tcp or self.load
        if asked:
            return asked.views
        if self.flow:
            return views(self.via)
        return (View.URL,) if self.prometheus or self.exec else (View.HOST,)

    @property
    def cases(self) -> tuple[Mapping[str, str], ...]:
        """The values of every `for_each` case; one empty case without it."""
        return tuple(dict(zip(self.for_each, values, strict=True)) for values in product(*self.for_each.values()))

    @model_validator(mode="before")
    @classmethod
    def _sparing(cls, value: Any) -> Any:
        """A burst at every round of the watch would be an attack: it is for the gate, unless the playbook says so."""
        bursts = isinstance(value, Mapping) and "load" in value
        return {"phase": "gate", **value} if bursts else value

    @field_validator("running", mode="before")
    @classmethod
    def _plain_running(cls, value: Any) -> Any:
        return {} if value in ("true", "") else value

    @field_validator("for_each")
    @classmethod
    def _distinct(cls, value: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        refuse(*(Fault((key,), "names a value twice") for key, every in value.items() if len(set(every)) < len(every)))
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            found = f"it has {' and '.join(kinds)}" if kinds else "it has none"
            refuse(Fault((), f"needs exactly one of {', '.join(KINDS)}: {found}"))
        refuse(*self._expectation(), *self._flow_only(), *scope_faults(self))
        return self

    def _expectation(self) -> list[Fault]:
        """Nothing passes vacuously."""
        possible = _EXPECTABLE.get(self.kind, frozenset())
        if self.expect:
            where = (
                "a flow's expectations stand in its steps" if self.kind == "flow" else f"{self.kind} does not answer it"
            )
            return [Fault(("expect", key), where) for key in sorted(self.expect.written - possible)]
        stepless = self.flow and not any(step.expect for step in self.flow)
        if stepless:
            return [Fault(("flow",), "expects nothing: at least one step needs expect")]
        if self.kind in {"http", "command"} or (self.exec and not self.exec.preset):
            return [Fault((), f"expects nothing: {self.kind} needs expect (like {_LIKE[self.kind]})")]
        return []

    def _flow_only(self) -> list[Fault]:
        if self.flow:
            port = port_fault(self.port, self.via)
            steps = [
                Fault(("flow", at, "expect", key), "flow does not answer it")
                for at, step in enumerate(self.flow)
                for key in sorted((step.expect.written if step.expect else frozenset()) - _ANSWERS)
            ]
            return [*([port] if port else []), *steps]
        place = f"goes inside {self.kind}" if self.kind in {"http", "tcp", "load"} else f"is not for {self.kind}"
        return [Fault((key,), place) for key in ("via", "port", "tls") if key in self.model_fields_set]


_LIKE = {"http": "{status: 200}", "command": "{exit_status: 0}", "exec": "{exit_status: 0}"}
