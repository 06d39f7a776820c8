"""What a fact says, without secrets and control bytes; what must stay exact (releases, times, fixed words) stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import TypeVar

from rollback.model import Finding, Release
from rollback.text import clean

Value = TypeVar("Value")
LONGEST = 8192  # characters of one text


def scrubbed(value: Value, redact: Callable[[str], str]) -> Value:
    """The same value with every free text redacted and cleaned."""
    return _through(value, lambda text: clean(redact(text), LONGEST))


def shortened(value: Value, longest: int) -> Value:
    """The same value with no finding's evidence longer than `longest` characters: its end names the error."""
    if isinstance(value, Finding):
        return replace(value, evidence=_tail(value.evidence, longest))
    return _inside(value, lambda one: shortened(one, longest))


def _tail(text: str, longest: int) -> str:
    return text if len(text) <= longest else "…" + text[len(text) - longest :]


def _through(value: Value, change: Callable[[str], str]) -> Value:
    if isinstance(value, Release | Enum | datetime):
        return value
    if isinstance(value, str):
        return change(value)  # type: ignore[return-value]
    return _inside(value, lambda one: _through(one, change))


def _inside(value: Value, change: Callable[[object], object]) -> Value:
    if isinstance(value, tuple):
        return tuple(change(one) for one in value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: change(getattr(value, one.name)) for one in fields(value)})
    return value
