"""What one release has and another has not, as git tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """id: the first 12 digits. All cleaned."""

    id: str
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class File:
    """added, gone: lines; None of what is no text. The name is cleaned."""

    name: str
    added: int | None
    gone: int | None


@dataclass(frozen=True, slots=True)
class Changed:
    """count: of all commits; commits: the newest of them. files: those that differ, by name; total: how many do."""

    count: int
    commits: tuple[Commit, ...]
    total: int
    files: tuple[File, ...]
