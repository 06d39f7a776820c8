"""YAML -> a tree of mappings, lists and scalars as they were written, with their lines. Nothing is interpreted.

libyaml's parser gives events; no node, tag or anchor is ever constructed. No bytes make this raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from rollback.playbook.shape import Path
from rollback.text import clean_line

LARGEST = 4 << 20
DEEPEST = 40
_MOST_FAULTS = 50
# 40 times as fast as the one that is written in Python, which is there where PyYAML was built without libyaml.
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Tree:
    """value: dicts, lists and str. lines: the path of every key and item -> its line, from 1."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)


def read(data: bytes) -> Tree:
    """The only document in `data`; what YAML allows and a playbook does not is a fault."""
    tree = Tree()
    if len(data) > LARGEST:
        tree.faults.append((1, "is larger than 4 MiB"))
        return tree
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        tree.faults.append((data[: wrong.start].count(b"\n") + 1, "is not UTF-8"))
        return tree
    try:
        _document(tree, text)
    except _Enough as end:
        tree.faults.append((end.line, end.sentence))
    except MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        said = ", ".join(part for part in (wrong.context, wrong.problem) if part)
        tree.faults.append((mark.line + 1 if mark else 1, f"is not YAML: {clean_line(said)}"))
    except (YAMLError, ValueError, OverflowError) as wrong:
        tree.faults.append((_line_of(wrong, text.encode()), f"is not YAML: {clean_line(str(wrong).splitlines()[0])}"))
    tree.faults.sort()
    return tree


class _Enough(Exception):
    """Reading on would tell nothing more."""

    def __init__(self, line: int, sentence: str) -> None:
        self.line, self.sentence = line, sentence


def _line_of(wrong: Exception, data: bytes) -> int:
    """A ReaderError knows the byte, not the line."""
    at = getattr(wrong, "position", 0)
    return data[: at if isinstance(at, int) else 0].count(b"\n") + 1


def _document(tree: Tree, text: str) -> None:
    events = iter(yaml.parse(text, Loader=_PARSER))
    begun = False
    for event in events:
        if isinstance(event, DocumentStartEvent):
            if begun:
                raise _Enough(_line(event), "a second document begins: one file is one playbook")
            begun = True
            tree.value = _node(tree, events, next(events), ())
    if not begun or tree.value == "":
        raise _Enough(1, "is empty: write a first playbook with `rollback init`")


def _node(tree: Tree, events: Iterator[Any], event: Any, path: Path) -> Any:
    _plainness(tree, event)
    if len(path) > DEEPEST:
        raise _Enough(_line(event), f"is nested deeper than {DEEPEST} levels")
    if len(tree.faults) > _MOST_FAULTS:
        raise _Enough(_line(event), "and more: the rest was not read")
    tree.lines.setdefault(path, _line(event))
    if isinstance(event, MappingStartEvent):
        return _mapping(tree, events, path)
    if isinstance(event, SequenceStartEvent):
        return _sequence(tree, events, path)
    return event.value if isinstance(event, ScalarEvent) else ""


def _mapping(tree: Tree, events: Iterator[Any], path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    first: dict[str, int] = {}
    for event in events:
        if isinstance(event, MappingEndEvent):
            break
        key, line = _key(tree, event), _line(event)
        if key in found:
            tree.faults.append((line, f"{dotted((*path, key))}: is already there, in line {first[key]}"))
        else:
            tree.lines[(*path, key)] = first[key] = line
        found[key] = _node(tree, events, next(events), (*path, key))
    return found


def _key(tree: Tree, event: Any) -> str:
    if isinstance(event, ScalarEvent) and event.value == "<<" and not event.style:
        tree.faults.append((_line(event), "merge keys (<<) are not read here: write the keys out"))
    elif isinstance(event, MappingStartEvent | SequenceStartEvent):
        raise _Enough(_line(event), "a key must be plain text")
    _plainness(tree, event)
    return event.value if isinstance(event, ScalarEvent) else ""


def _sequence(tree: Tree, events: Iterator[Any], path: Path) -> list[Any]:
    found: list[Any] = []
    for event in events:
        if isinstance(event, SequenceEndEvent):
            break
        found.append(_node(tree, events, event, (*path, len(found))))
    return found


def _plainness(tree: Tree, event: Any) -> None:
    """What makes a text mean something that is not written there."""
    if isinstance(event, AliasEvent):
        tree.faults.append((_line(event), f"aliases (*{_short(event.anchor)}) are not read here: write it out"))
    elif event.anchor is not None:
        tree.faults.append((_line(event), f"anchors (&{_short(event.anchor)}) are not read here"))
    if isinstance(event, ScalarEvent) and _SURROGATE.search(event.value):
        tree.faults.append((_line(event), f'"{clean_line(event.value, 60)}" is not Unicode text'))
    tag = getattr(event, "tag", None)
    if tag is not None:
        tree.faults.append(
            (_line(event), f"tags ({clean_line(str(tag), 60)}) are not read here: every value is text as written")
        )


def _short(name: str | None) -> str:
    return clean_line(name or "", 40)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def dotted(path: Path) -> str:
    """A path as messages show it: `environments.production.hosts[0].name`."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{clean_line(part, 80)}" for part in path)
    return shown.removeprefix(".")
