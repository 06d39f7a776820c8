"""What lies between two releases, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rollback.core.changed import Changed, File
from rollback.model import Between, Release
from rollback.report import words
from rollback.report.migrations import listed
from rollback.text import clean_line

_SHOWN = 30
Setting = tuple[str, str | None, str | None]  # the key's path, before, after; None: it is not there


@dataclass(frozen=True, slots=True)
class Diff:
    """lost: commits that only the old release has. migrations: None when the playbook has none. playbook: its path in
    the repository; settings: those that differ, None: neither release has it."""

    old: Release
    new: Release
    changed: Changed
    lost: int
    migrations: Between | None
    playbook: str
    settings: tuple[Setting, ...] | None


def sentence(diff: Diff) -> str:
    counts = f"{words.count(diff.changed.count, 'commit')} and {words.count(diff.changed.total, 'file')}"
    lost = f"; it lacks {words.count(diff.lost, 'commit')} of {words.tag(diff.old)}" if diff.lost else ""
    return f"from {words.named(diff.old)} to {words.named(diff.new)}: {counts}{lost}"


def lines(diff: Diff) -> tuple[str, ...]:
    """A label of ten characters, after two blanks, and the rest."""
    return (sentence(diff), *_labelled("commits", _commits(diff)), *_labelled("files", _files(diff)), *_rest(diff))


def _labelled(label: str, said: Iterable[str]) -> Iterable[str]:
    for at, line in enumerate(said):
        yield f"  {label if at == 0 else '':<10}{line}"


def _commits(diff: Diff) -> Iterable[str]:
    every = diff.changed.commits
    yield from (f"{one.id[:7]} {one.subject} ({one.author})" for one in every[:_SHOWN])
    yield from _more(diff.changed.count - len(every[:_SHOWN]))


def _files(diff: Diff) -> Iterable[str]:
    every = diff.changed.files
    yield from (f"{one.name}  {_lines(one)}" for one in every[:_SHOWN])
    yield from _more(diff.changed.total - len(every[:_SHOWN]))


def _more(count: int) -> Iterable[str]:
    if count > 0:
        yield f"… and {count} more"


def _lines(one: File) -> str:
    return "no text" if one.added is None or one.gone is None else f"+{one.added} -{one.gone}"


def _rest(diff: Diff) -> Iterable[str]:
    if diff.migrations is not None:
        yield from _labelled("database", _migrations(diff.migrations))
    yield from _labelled("playbook", _settings(diff))


def _migrations(between: Between) -> Iterable[str]:
    if not between.known:
        yield "which migrations lie between is not known here"
    elif not between.added and not between.gone:
        yield "no migrations"
    for what, some in (("added", between.added), ("gone", between.gone)):
        if some:
            yield f"{words.count(len(some), 'migration')} {what}: {listed(some)}"


def _settings(diff: Diff) -> Iterable[str]:
    if diff.settings is None:
        yield "neither release has it: it is kept elsewhere"
        return
    if not diff.settings:
        yield f"{clean_line(diff.playbook)} is the same"
    for key, before, after in diff.settings[:_SHOWN]:
        yield f"{key}: {_value(before)} → {_value(after)}"
    yield from _more(len(diff.settings[_SHOWN:]))


def _value(text: str | None) -> str:
    return "nothing" if text is None else clean_line(text, 80)
