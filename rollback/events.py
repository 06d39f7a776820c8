"""What is told while something goes on: to whoever shows it, from any thread."""

from __future__ import annotations

from dataclasses import dataclass

from rollback.model import Finding, Step


@dataclass(frozen=True, slots=True)
class Began:
    """A step was begun. lasting: seconds that it is meant to take; 0: as long as it needs."""

    step: Step
    lasting: float = 0.0


@dataclass(frozen=True, slots=True)
class Moved:
    """One host moved on within the running step: `state` is a few words ("uploading", "restarting", "done")."""

    host: str
    phase: str
    state: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Of an upload to one host, `count` of `whole` bytes are on their way: told for each percent."""

    host: str
    count: int
    whole: int


@dataclass(frozen=True, slots=True)
class Found:
    """A finding came in (from any thread)."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something worth a line: a warning, a retry, a decision."""

    text: str


@dataclass(frozen=True, slots=True)
class Sampled:
    """One round of a watch, or of a pause, came in, or none while time passes. left: seconds until it is over, 0 once
    it is."""

    findings: tuple[Finding, ...]
    left: float


Event = Began | Moved | Sent | Found | Sampled | Noticed
