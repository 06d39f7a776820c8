"""The kinds of check beside `http` and `flow`. Each says what passes: one that could not fail is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from rollback.model import View
from rollback.playbook import template
from rollback.playbook.amounts import Share
from rollback.playbook.ere import ere
from rollback.playbook.http import Tls, Via, port_fault, views
from rollback.playbook.secrets import named
from rollback.playbook.shape import Fault, Frozen, refuse
from rollback.playbook.types import Count, Growth, Number, Part, PortText, Positive, Span, Switch
from rollback.playbook.words import Asked, Filled, Inside, Line, Regex, Templated, TemplatedUrl, UrlPath


class Tcp(Frozen):
    """A connection is accepted."""

    port: PortText
    via: Via = "host"

    @property
    def views(self) -> tuple[View, ...]:
        return views(self.via)


class Running(Frozen):
    """No process on the host lives in another release's folder."""


def _on_host(text: str) -> str:
    ere(template.PLACE.sub("x", text))
    return text


OnHost = Annotated[Regex, AfterValidator(_on_host)]


class Logs(Frozen):
    """Lines since the switch, of a file on the host or of the journal."""

    file: Templated | None = Field(default=None, description="on the host; a relative path starts at the root")
    journal: Filled | None = Field(default=None, description="a systemd unit")
    pattern: OnHost | None = Field(default=None, description="lines that count")
    total: OnHost | None = Field(default=None, description="lines that they are a ratio of")
    max_count: Count | None = None
    max_ratio: Part | None = None
    min_requests: Positive | None = Field(default=None, description="fewer lines of `total`: inconclusive")
    new_exceptions: Switch = Field(
        default=False, description="fail on exceptions that were never seen before the switch"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        bounded = self.max_count is not None or self.max_ratio is not None
        refuse(
            Fault((), "needs exactly one of file, journal") if (self.file is None) == (self.journal is None) else None,
            None
            if bounded or self.new_exceptions
            else Fault((), "expects nothing: say max_count, max_ratio or new_exceptions"),
            Fault((), "max_count and max_ratio need a pattern") if bounded and not self.pattern else None,
            Fault((), "max_ratio needs total") if self.max_ratio is not None and not self.total else None,
            Fault(("min_requests",), "needs total") if self.min_requests and not self.total else None,
            *(
                Fault((key,), "a secret has no place here: others could see it in the host's list of processes")
                for key in ("file", "journal", "pattern", "total")
                if named(getattr(self, key) or "")
            ),
        )
        return self


class Prometheus(Frozen):
    """A PromQL query's value is between min and max."""

    url: TemplatedUrl
    query: Asked
    headers: Mapping[Line, Templated] = {}
    min: Number | None = None
    max: Number | None = None
    on_no_data: Literal["inconclusive", "fail", "pass"] = "inconclusive"

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        low, high = self.min, self.max
        refuse(
            Fault((), "expects nothing: say min or max") if low is None and high is None else None,
            Fault(("max",), "is less than min") if low is not None and high is not None and high < low else None,
        )
        return self


def _exceedable(share: Share) -> Share:
    """More than all never fail."""
    if share.fraction >= 1:
        raise ValueError(f"{share} can never be exceeded")
    return share


class RatioIncrease(Frozen):
    """Over the previous release's own burst; both must be passed to fail."""

    ratio: Growth
    difference: Part

    @field_validator("difference")
    @classmethod
    def _possible(cls, value: Share) -> Share:
        return _exceedable(value)


class LatencyIncrease(Frozen):
    """Over the previous release's own burst; both must be passed to fail."""

    ratio: Growth
    difference: Span


class ErrorRatio(Frozen):
    max: Part | None = None
    increase: RatioIncrease | None = None

    @field_validator("max")
    @classmethod
    def _possible(cls, value: Share) -> Share:
        return _exceedable(value)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        refuse(None if self.model_fields_set else Fault((), "expects nothing: say max or increase"))
        return self


class Latency(Frozen):
    max: Span | None = None
    increase: LatencyIncrease | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        refuse(None if self.model_fields_set else Fault((), "expects nothing: say max or increase"))
        return self


class Load(Frozen):
    """A bounded burst of requests that change nothing."""

    path: UrlPath
    via: Via = "host"
    port: PortText | None = None
    method: Literal["GET", "HEAD"] = "GET"
    headers: Mapping[Line, Templated] = {}
    tls: Tls | None = Field(default=None, description="as in http")
    requests: Positive = 100
    concurrency: Positive = 4
    error_ratio: ErrorRatio | None = None
    p50: Latency | None = None
    p95: Latency | None = None
    p99: Latency | None = None

    @property
    def views(self) -> tuple[View, ...]:
        return views(self.via)

    @property
    def compares(self) -> bool:
        """Whether the previous release's own burst is needed."""
        return any(limit.increase for limit in self._limits)

    @property
    def limited(self) -> bool:
        """Whether it has a limit that needs none."""
        return any(limit.max is not None for limit in self._limits)

    @property
    def _limits(self) -> tuple[ErrorRatio | Latency, ...]:
        return tuple(limit for limit in (self.error_ratio, self.p50, self.p95, self.p99) if limit)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        most, widest = 100_000, 64
        refuse(
            Fault(("concurrency",), f"is more than {widest}") if self.concurrency > widest else None,
            None if self._limits else Fault((), "expects nothing: say error_ratio, p50, p95 or p99"),
            Fault(("requests",), f"is more than {most}") if self.requests > most else None,
            Fault(("concurrency",), "is more than the requests") if self.concurrency > self.requests else None,
            port_fault(self.port, self.via),
        )
        return self


class Exec(Frozen):
    """Your own suite, run here. A preset knows what its exit codes mean."""

    run: Asked
    preset: Literal["pytest", "hurl", "k6", "goss"] | None = None
    junit: Inside | None = Field(default=None, description="the report it writes")

    @field_validator("run")
    @classmethod
    def _variables(cls, value: str) -> str:
        if "{{" in value:
            raise ValueError(
                "{{…}} is not filled in here: a command has the variables $ROLLBACK_TAG, $ROLLBACK_RELEASE, …"
            )
        return value
