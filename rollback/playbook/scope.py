"""Which `{{…}}` names a check's texts may use: one that nobody fills in is found when the playbook is read.

The texts are those of the validated check; `host.vars.X` is proven later, against the hosts of every environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import BaseModel

from rollback.model import View
from rollback.playbook.shape import Fault, Path
from rollback.playbook.template import names

if TYPE_CHECKING:
    from rollback.playbook.check import Check

FIXED = frozenset({"app", "environment", "url"}) | {
    f"{release}.{part}" for release in ("release", "previous") for part in ("tag", "commit", "id")
}
HOST = frozenset({"host.name", "host.address"})
VARS = "host.vars."


def texts(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text below a model, a mapping or a list, keys included, with the path as the playbook writes it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name in value.model_fields_set:
                yield from texts(getattr(value, name), (*path, name.rstrip("_")))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts(key, (*path, key))
            yield from texts(inner, (*path, key))
    elif isinstance(value, tuple | list):
        for at, inner in enumerate(value):
            yield from texts(inner, (*path, at))


def faults(check: Check) -> list[Fault]:
    """Every name that nobody fills in, with the nearest one that somebody does."""
    own = frozenset(check.for_each)
    taken = [Fault(("for_each", name), f'"{name}" is taken: choose another name') for name in sorted(own & _roots())]
    known = FIXED | own
    if View.URL not in check.views:
        known |= HOST
    outside = {name: value for name, value in check if name not in {"flow", "for_each", "name"}}
    found = [*taken, *_in(outside, (), known, check), *_in(check.for_each, ("for_each",), FIXED, check)]
    for at, step in enumerate(check.flow or ()):
        found += _in(step, ("flow", at), known, check)
        found += [
            Fault(("flow", at, "capture", name), f'"{name}" is taken: choose another name')
            for name in step.capture
            if name in own | _roots()
        ]
        known |= frozenset(step.capture)
    return found


def _roots() -> frozenset[str]:
    return frozenset({name.partition(".")[0] for name in FIXED} | {"host"})


def _in(value: object, path: Path, known: frozenset[str], check: Check) -> Iterator[Fault]:
    for where, text in texts(value, path):
        # A port is only used on a host, so it may speak of the host in a check that asks the url, too.
        here = known | HOST if where[-1:] == ("port",) and View.HOST in check.views else known
        for name in sorted(names(text) - here):
            if not (name.startswith(VARS) and here >= HOST):
                yield Fault(where, _unknown(name, here, check))


def _unknown(name: str, known: frozenset[str], check: Check) -> str:
    if name.startswith("host.") and View.URL in check.views:
        return f"{{{{{name}}}}} is not known here: via url, no host is asked"
    near = get_close_matches(name, known, n=1)
    return f"unknown name {{{{{name}}}}}" + (
        f"; did you mean {{{{{near[0]}}}}}?" if near else f": known are {_listed(known)}"
    )


def _listed(known: frozenset[str]) -> str:
    return ", ".join(sorted(known))
