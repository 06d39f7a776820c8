"""The playbook's JSON Schema, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollback.playbook.schema import Playbook
from rollback.playbook.types import DURATION

_NULL = {"type": "null"}


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a playbook as it is written: durations, shares and on/off are text."""
    schema = _as_written(Playbook.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "rollback playbook"}


def _as_written(schema: Any) -> Any:
    """No key may be null, whatever its default; defaults are shown as they would be written, or not at all."""
    if isinstance(schema, list):
        return [_as_written(one) for one in schema if one != _NULL]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _as_written(value) for key, value in schema.items() if not (key == "default" and _unwritten(value))}
    if isinstance(kept.get("default"), int | float) and kept.get("pattern") == DURATION:
        kept["default"] = f"{kept['default']:g}s"
    only = kept.get("anyOf")
    if isinstance(only, list) and len(only) == 1:
        kept = {**{key: value for key, value in kept.items() if key != "anyOf"}, **only[0]}
    return kept


def _unwritten(default: Any) -> bool:
    return default is None or isinstance(default, Mapping | list)
