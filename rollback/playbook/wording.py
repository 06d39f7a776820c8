"""The texts that people are told, as Jinja templates in its sandbox. One that could not be filled in is a fault here.

A template knows `app environment moment operation author at what release.(tag commit id) fallback.(tag commit id)
headline details live pending next url run`: texts, but for details and pending (lists) and live (host -> tag).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from rollback.playbook.types import quoted
from rollback.text import clean, clean_line

TITLE = "{{ app }} on {{ environment }}: {{ headline }}"
TEXT = """\
{{ headline }}
{% for line in details %}
{{ line }}
{% endfor %}
by {{ author }}{% if operation %}, operation {{ operation }}{% endif %}

{% if next %}
next: {{ next }}
{% endif %}
{% if run %}
run: {{ run }}
{% endif %}
"""
LONGEST = 4000  # characters; what people write in is rarely made for more

_RELEASE = {"tag": "v2", "commit": "3f9c2ab81d07", "id": "v2-3f9c2ab81d07"}
_TEXTS = ("app", "environment", "moment", "operation", "author", "at", "what", "headline", "next", "url", "run")
_SPECIMEN: Mapping[str, Any] = {
    **dict.fromkeys(_TEXTS, "text"),
    **{"release": _RELEASE, "fallback": _RELEASE, "details": ["text"], "live": {"web1": "v2"}, "pending": ["web1"]},
}


def title(template: str, values: Mapping[str, Any]) -> str:
    """One line. Raises: ValueError, when it can't be filled in."""
    return clean_line(_filled_in(template, values))


def text(template: str, values: Mapping[str, Any]) -> str:
    """At most LONGEST characters, from the beginning. Raises: ValueError, when it can't be filled in."""
    said = clean(_filled_in(template, values), 1 << 20).strip()
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


def _filled_in(template: str, values: Mapping[str, Any]) -> str:
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Not HTML: whoever carries the text escapes it for where it goes.
    room = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    try:
        return room.from_string(template).render(values)
    except TemplateError as wrong:
        raise ValueError(clean_line(wrong.message or type(wrong).__name__)) from None
    except (TypeError, ValueError, ArithmeticError, LookupError) as wrong:  # what it does with the values
        raise ValueError(clean_line(f"{type(wrong).__name__}: {wrong}")) from None


def _wording(template: str) -> str:
    """Tried on values like those that it will get."""
    try:
        said = _filled_in(template, _SPECIMEN)
    except ValueError as wrong:
        raise ValueError(f"{quoted(template)} can't be filled in: {wrong}; known are {', '.join(_SPECIMEN)}") from None
    if not said.strip():
        raise ValueError("says nothing")
    return template


Wording = Annotated[str, AfterValidator(_wording)]
