"""What a repository declares: requirements.txt, pyproject.toml, package.json. A broken one declares nothing."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rollback.init.files import Files

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Manifests:
    """python: names of the Python packages needed, lower case. scripts: npm's; None without a package.json."""

    name: str | None
    python: frozenset[str]
    scripts: frozenset[str] | None


def read(files: Files) -> Manifests:
    """Of the files at the top."""
    pyproject = _parsed(tomllib.loads, files.get("pyproject.toml", ""))
    package = _parsed(json.loads, files.get("package.json", ""))
    scripts = frozenset(_table(package, "scripts")) if "package.json" in files else None
    return Manifests(_name(pyproject, package), frozenset(_python(files, pyproject)), scripts)


def _parsed(parse: Any, text: str) -> Mapping[str, Any]:
    try:
        value = parse(text)
    except (ValueError, RecursionError):
        return _NOTHING
    return value if isinstance(value, dict) else _NOTHING


def _table(value: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = value.get(key)
        value = inner if isinstance(inner, dict) else _NOTHING
    return value


def _name(pyproject: Mapping[str, Any], package: Mapping[str, Any]) -> str | None:
    names = (_table(pyproject, "project").get("name"), _table(pyproject, "tool", "poetry").get("name"))
    return next((name for name in (*names, package.get("name")) if isinstance(name, str) and name.strip()), None)


def _python(files: Files, pyproject: Mapping[str, Any]) -> Iterator[str]:
    declared = _table(pyproject, "project").get("dependencies")
    lines = [line for line in declared if isinstance(line, str)] if isinstance(declared, list) else []
    lines += _table(pyproject, "tool", "poetry", "dependencies")
    for name, text in files.items():
        if name.startswith("requirements") and name.endswith(".txt"):
            lines += text.splitlines()
    for line in lines:
        found = _REQUIREMENT.match(line)
        if found:
            yield found[1].lower()
