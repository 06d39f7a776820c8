"""The text that a host is sent for a verb: of the agent's functions those that the verb needs, and the call. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from threading import Lock

_BEGIN = re.compile(r"([a-z_]+)\(\) [({]", re.ASCII)
_WORD = re.compile(r"[a-z_]+", re.ASCII)
_WATCHER = "leave_watcher"  # sent only with a switch that must be confirmed


_ONCE = Lock()  # or each of many threads would read them, as all hosts are asked at once


@cache
def functions() -> Mapping[str, str]:
    """Those of agent/*.sh by name, without comments and indentation; there is nothing else in these files."""
    found: dict[str, str] = {}
    for line in _lines():
        if begun := _BEGIN.match(line):
            name = begun[1]
        if (bare := line.strip()) and not bare.startswith("#"):
            found[name] = f"{found.get(name, '')}{bare}\n"
    return found


def _lines() -> Iterator[str]:
    folder = files("rollback.hosts").joinpath("agent")
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        yield from path.read_text("utf-8").splitlines()


def text(verb: str, *, watched: bool) -> bytes:
    """The functions for a verb, one after the other. watched: with what a host needs to go back by itself."""
    with _ONCE:
        return _text(verb, watched)


@cache
def _text(verb: str, watched: bool) -> bytes:
    needed = _needed(("rollback_agent", f"verb_{verb}"), set() if watched else {_WATCHER})
    return "".join(body for name, body in functions().items() if name in needed).encode("ascii")


def _needed(roots: Iterable[str], without: set[str]) -> set[str]:
    """A word that is the name of a function counts as its call, wherever it stands."""
    every, found = functions(), set[str]()
    ahead = set(roots) & every.keys()
    while ahead:
        found |= ahead
        words = {word for name in ahead for word in _WORD.findall(every[name])}
        ahead = words & every.keys() - found - without
    return found
