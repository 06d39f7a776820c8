"""Pydantic's findings in plain words: which line, which key, what was written, what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import zip_longest
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rollback.playbook.read import Tree, dotted
from rollback.playbook.shape import Fault, Faults, Path
from rollback.playbook.types import quoted, shape
from rollback.text import clean_line

UNKNOWN = "unknown key"
_SHAPES = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "text",
}


def lines(found: list[Fault], tree: Tree, shown: str) -> tuple[str, ...]:
    """`file:line: path.of.key: sentence`, in the order of the file."""
    written = ((_written(fault.path, tree.value), fault.sentence) for fault in found)
    placed = {(_line(path, tree), dotted(path), sentence): None for path, sentence in written}
    ordered = sorted(placed, key=lambda one: one[0])
    return tuple(
        f"{shown}:{line}: {path}: {sentence}" if path else f"{shown}:{line}: {sentence}"
        for line, path, sentence in ordered
    )


def _written(path: Path, value: Any) -> Path:
    """The path without what validation put in: `hosts: web1` was read as `hosts[0].name`."""
    found: list[str | int] = []
    for part in path:
        if isinstance(value, str):
            break
        if isinstance(part, int) and not isinstance(value, list):
            continue
        found.append(part)
        value = value[part] if isinstance(part, int) else value.get(part, {}) if isinstance(value, dict) else {}
    return tuple(found)


def _line(path: Path, tree: Tree) -> int:
    """The key's own line, or that of the nearest thing around it that was written."""
    while path and path not in tree.lines:
        path = path[:-1]
    return tree.lines.get(path, 1)


def plain(wrong: ValidationError, top: type[BaseModel]) -> list[Fault]:
    """Every finding as a Fault, several where one validator found several."""
    return [fault for error in wrong.errors(include_url=False) for fault in _one(error, top)]


def _one(error: ErrorDetails, top: type[BaseModel]) -> Iterator[Fault]:
    path: Path = tuple(part for part in error["loc"] if part != "[key]")
    inner = error.get("ctx", {}).get("error")
    if isinstance(inner, Faults):
        yield from (Fault((*path, *fault.path), fault.sentence) for fault in inner.faults)
    else:
        yield Fault(path, _sentence(error, path, top))


def _sentence(error: ErrorDetails, path: Path, top: type[BaseModel]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(path, top)
    if kind == "missing":
        return "is missing"
    if kind in _SHAPES:
        return f"{_said(value)} is not {_SHAPES[kind]}"
    if kind == "literal_error":
        return f"{_said(value)} is not one of {_options(str(context['expected']))}"
    if kind in {"too_short", "string_too_short"}:
        return "is empty"
    return clean_line(error["msg"].removeprefix("Value error, "))


def _said(value: Any) -> str:
    return "nothing" if value == "" else quoted(value) if isinstance(value, str) else shape(value)


def _options(expected: str) -> str:
    return expected.replace("'", "").replace(" or ", ", ")


def _unknown(path: Path, top: type[BaseModel]) -> str:
    known = sorted(keys(_model_at(path[:-1], top)))
    near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    return f'{UNKNOWN}; did you mean "{near[0]}"?' if near else f"{UNKNOWN}; known are {', '.join(known)}"


def keys(model: type[BaseModel]) -> dict[str, Any]:
    """A model's keys as they are written -> the annotation of each."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(path: Path, model: type[BaseModel]) -> type[BaseModel]:
    """The model that a path leads to: keys of mappings and places in lists are stepped over."""
    for part, following in zip_longest(path, path[1:]):
        field = keys(model).get(part) if isinstance(part, str) else None
        found = [*models(field.annotation)] if field else []
        if found:  # of several the first is a list's item
            model = found[0 if isinstance(following, int) else -1]
    return model


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def without_unknown(value: Any, found: list[Fault]) -> Any:
    """The tree without its unknown keys."""
    gone = {fault.path for fault in found if fault.sentence.startswith(UNKNOWN)}
    return _pruned(value, (), gone)


def _pruned(value: Any, path: Path, gone: set[Path]) -> Any:
    if isinstance(value, Mapping):
        return {key: _pruned(one, (*path, key), gone) for key, one in value.items() if (*path, key) not in gone}
    if isinstance(value, list):
        return [_pruned(one, (*path, at), gone) for at, one in enumerate(value)]
    return value
