"""Typed values at the playbook's border: every scalar arrives as the text that was written and leaves as a value.

Nothing here knows which key it stands for: each parser answers a value or says in plain words what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from rollback.playbook.amounts import Exactly, Share
from rollback.playbook.template import fault as template_fault
from rollback.playbook.template import names as template_names
from rollback.text import clean_line

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"
RATE = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([KMG])B"
SHARE = r"^[0-9]+(\.[0-9]+)?%$"
_LONGEST = 366 * 24 * 3600.0
_T = TypeVar("_T")


def quoted(value: object) -> str:
    """What was written, for a message."""
    return f'"{clean_line(value, 60)}"' if isinstance(value, str) else shape(value)


def shape(value: object) -> str:
    """What kind of YAML this is."""
    named: dict[type, str] = {dict: "a mapping", list: "a list", str: "text"}
    return named.get(type(value), type(value).__name__)


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{shape(value)} is not {expected}")
    return value


def duration(value: object) -> float:
    """`500ms 10s 5m 1h` as seconds."""
    if isinstance(value, int | float):
        return float(value)
    text = _text(value, "a duration (like 10s or 5m)")
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)", text, re.ASCII)
    if not found:
        raise ValueError(f"{quoted(text)} is not a duration (like 10s or 5m)")
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST:
        raise ValueError(f"{quoted(text)} is longer than a year")
    return seconds


def rate(value: object) -> float:
    """`500KB 10MB 1GB` (a second) as bytes a second; a KB is 1,000 bytes."""
    text = _text(value, "a rate (like 10MB: megabytes a second)")
    found = re.fullmatch(RATE, text, re.ASCII)
    if not found or float(found[1]) <= 0:
        raise ValueError(f"{quoted(text)} is not a rate (like 10MB: megabytes a second)")
    return float(found[1]) * 1000.0 ** (1 + "KMG".index(found[2]))


def _more_than_nothing(seconds: float) -> float:
    if seconds <= 0:
        raise ValueError("must be longer than 0s")
    return seconds


def share(value: object) -> Share:
    """`25%` as a Share."""
    if isinstance(value, Share):
        return value
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)%", _text(value, "a share (like 25%)"), re.ASCII)
    if not found:
        raise ValueError(f"{quoted(value)} is not a share (like 25%)")
    return Share(float(found[1]) / 100)


def _part(value: Share) -> Share:
    if value.fraction > 1:
        raise ValueError(f'"{value}" is more than 100%')
    return value


def _batch(value: object) -> Exactly | Share:
    if isinstance(value, Exactly):
        return value
    if not isinstance(value, Share) and not (isinstance(value, str) and value.endswith("%")):
        return Exactly(_whole("a count or a share (like 2 or 50%)", 1, 1_000_000)(value))
    part = _part(share(value))
    if part.fraction == 0:
        raise ValueError('"0%" of the hosts would never end: say 1 or more, or a share (like 50%)')
    return part


def _may_be_away(value: object) -> Exactly | Share:
    if isinstance(value, Exactly | Share):
        return value
    if isinstance(value, str) and value.endswith("%"):
        return _part(share(value))
    return Exactly(_whole("a count or a share (like 2 or 5%)", 0, 1_000_000)(value))


def _whole(expected: str, least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if type(value) is int:
            number = value
        elif not re.fullmatch(r"-?[0-9]{1,12}", _text(value, expected), re.ASCII):
            raise ValueError(f"{quoted(value)} is not {expected}")
        else:
            number = int(str(value))
        if not least <= number <= most:
            raise ValueError(f'"{number}" is not between {least} and {most}')
        return number

    return parse


_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value, "on or off")
    if word.lower() not in _WORDS:
        raise ValueError(f"{quoted(word)} is not on or off (true and false are good, too)")
    return _WORDS[word.lower()]


def _number(value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    text = _text(value, "a number")
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?(e-?[0-9]{1,2})?", text, re.ASCII):
        raise ValueError(f"{quoted(text)} is not a number")
    return float(text)


def _port_or_template(value: object) -> str:
    if isinstance(value, str) and template_names(value) and not template_fault(value):
        return value
    return str(_whole("a port (like 8000)", 1, 65535)(value))


def one_or_more(value: object) -> object:
    """`x` is `[x]`; an empty list is refused, because nothing would be asked."""
    if isinstance(value, list | tuple) and not value:
        raise ValueError("is an empty list: at least one is needed")
    return value if isinstance(value, list | tuple) else [value]


_WHOLE = r"^[0-9]+$"
_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


class _OrOne:
    """Tells the JSON Schema that one item may stand without its list."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core)
        return {"anyOf": [many["items"], {**many, "minItems": 1}]}


def _whole_schema(least: int) -> WithJsonSchema:
    return _schema(anyOf=[{"type": "integer", "minimum": least}, {"type": "string", "pattern": _WHOLE}])


_DURATION_SCHEMA = _schema(type="string", pattern=DURATION, examples=["500ms", "10s", "5m"])
_BATCH_SCHEMA = _schema(anyOf=[{"type": "integer", "minimum": 1}, {"type": "string", "pattern": SHARE}])
_AWAY_SCHEMA = _schema(anyOf=[{"type": "integer", "minimum": 0}, {"type": "string", "pattern": SHARE}])
_SHARE_SCHEMA = _schema(type="string", pattern=SHARE, examples=["25%"])

Rate = Annotated[float, PlainValidator(rate), _schema(type="string", pattern=f"^{RATE}$", examples=["10MB"])]
Duration = Annotated[float, PlainValidator(duration), _DURATION_SCHEMA]
Span = Annotated[float, PlainValidator(duration), AfterValidator(_more_than_nothing), _DURATION_SCHEMA]
Part = Annotated[Share, PlainValidator(share), AfterValidator(_part), _SHARE_SCHEMA]
Growth = Annotated[Share, PlainValidator(share), _SHARE_SCHEMA]
Batch = Annotated[Exactly | Share, PlainValidator(_batch), PlainSerializer(str), _BATCH_SCHEMA]
MayBeAway = Annotated[Exactly | Share, PlainValidator(_may_be_away), PlainSerializer(str), _AWAY_SCHEMA]
Count = Annotated[int, PlainValidator(_whole("a whole number", 0, 1_000_000)), _whole_schema(0)]
Positive = Annotated[int, PlainValidator(_whole("a whole number", 1, 1_000_000)), _whole_schema(1)]
ExitStatus = Annotated[int, PlainValidator(_whole("an exit status", 0, 255)), _whole_schema(0)]
StatusCode = Annotated[int, PlainValidator(_whole("an HTTP status (like 200)", 100, 599)), _whole_schema(100)]
Number = Annotated[float, PlainValidator(_number), _schema(type=["number", "string"])]
Switch = Annotated[
    bool, PlainValidator(_switch), _schema(anyOf=[{"type": "boolean"}, {"enum": ["on", "off", "yes", "no"]}])
]
Port = Annotated[int, PlainValidator(_whole("a port (like 8000)", 1, 65535)), _schema(**_PORT)]
PortText = Annotated[
    str,
    PlainValidator(_port_or_template),
    _schema(anyOf=[_PORT, {"type": "string", "examples": ["{{host.vars.port}}"]}]),
]
# Any scalar is text as written; an editor should not underline `port: 8001` among the vars.
Text = Annotated[str, _schema(type=["string", "number", "boolean", "null"])]
OneOrMore = Annotated[tuple[_T, ...], BeforeValidator(one_or_more), _OrOne()]
