"""What differs between two versions of a playbook, key by key, as it is written: neither has to be a valid one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rollback.playbook.read import dotted, read
from rollback.playbook.shape import Path

Difference = tuple[str, str | None, str | None]  # the key's path, before, after; None: it is not there


def differences(old: bytes, new: bytes) -> tuple[Difference, ...]:
    """By path. Of what can't be read, as far as it can."""
    before, after = dict(_leaves(read(old).value, ())), dict(_leaves(read(new).value, ()))
    paths = sorted(before.keys() | after.keys(), key=dotted)
    every = ((dotted(path), before.get(path), after.get(path)) for path in paths)
    return tuple(one for one in every if one[1] != one[2])


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _leaves(one, (*path, at))
    elif value is not None:
        yield path, str(value)
