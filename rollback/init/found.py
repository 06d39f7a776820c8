"""What looking at a repository found: guesses, for a person to read and mend. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Framework(StrEnum):
    FLASK = "flask"
    DJANGO = "django"
    FASTAPI = "fastapi"
    NODE = "node"
    STATIC = "static"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """tags: release tags, newest first, cleaned; pattern: what they have in common. health: a route, or None.

    prepare: commands in a new release's folder. start: what starts the app there, or None; served: the folder of a
    static site that a web server shows ("" is the whole release).
    """

    app: str
    framework: Framework
    tags: tuple[str, ...]
    pattern: str
    health: str | None
    port: int
    prepare: tuple[str, ...]
    start: str | None
    served: str = ""
