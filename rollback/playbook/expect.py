"""What a check expects of an answer, and what a flow takes from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from rollback.playbook.shape import Fault, Frozen, refuse
from rollback.playbook.types import ExitStatus, OneOrMore, Span, StatusCode
from rollback.playbook.words import Asked, Capturing, Identifier, JsonPath, Line, Regex, Templated


class Body(Frozen):
    """Of a text: what it holds, and the regular expressions that are found in it, or are not."""

    contains: OneOrMore[Asked] = ()
    matches: OneOrMore[Regex] = ()
    not_matches: OneOrMore[Regex] = ()

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        refuse(None if self.model_fields_set else Fault((), "expects nothing: say contains, matches or not_matches"))
        return self


class ResponseTime(Frozen):
    """max: seconds from the first byte asked to the last byte answered."""

    max: Span


class Expect(Frozen):
    """All of it must hold. status: any of them. json: JSONPath -> the scalar it must be, written as JSON writes it."""

    status: OneOrMore[StatusCode] = Field(default=(), description="any of these HTTP statuses")
    header: Mapping[Line, Templated] = Field(default={}, description="header -> its exact value")
    body: Body | None = Field(default=None, description="of the answer's body")
    json_: Mapping[JsonPath, Templated] = Field(
        default={},
        alias="json",
        description="JSONPath -> its value: a string, or a number, true, false, null as JSON writes it",
    )
    response_time: ResponseTime | None = Field(default=None, description="how long the answer may take")
    exit_status: OneOrMore[ExitStatus] = Field(default=(), description="of a command: any of these")
    stdout: Body | None = Field(default=None, description="of a command's output")

    @property
    def written(self) -> frozenset[str]:
        """The keys as they stand in the playbook."""
        return frozenset("json" if name == "json_" else name for name in self.model_fields_set)

    @model_validator(mode="before")
    @classmethod
    def _no_empty_mapping(cls, value: Any) -> Any:
        empty = [key for key in ("header", "json") if isinstance(value, dict) and value.get(key) == {}]
        refuse(*(Fault((key,), "expects nothing: it is empty") for key in empty))
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        refuse(
            None
            if self.model_fields_set
            else Fault((), "expects nothing: a check without an expectation always passes")
        )
        return self


class Capture(Frozen):
    """One way to take a value from an answer. regex: its first group."""

    regex: Capturing | None = Field(
        default=None, description="the first group that this regular expression finds in the body"
    )
    json_: JsonPath | None = Field(default=None, alias="json", description="JSONPath into the body")
    header: Line | None = Field(default=None, description="this header's value")

    @model_validator(mode="after")
    def _one(self) -> Self:
        refuse(None if len(self.model_fields_set) == 1 else Fault((), "needs exactly one of regex, json, header"))
        return self


Captures = Mapping[Identifier, Capture]
