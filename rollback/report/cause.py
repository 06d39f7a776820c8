"""The report's third part: what is on record about the cause. It is never said to be the cause."""

from __future__ import annotations

from collections.abc import Iterable

from rollback.core.explain import Answers
from rollback.model import Between, Release
from rollback.report import words
from rollback.report.blocks import TODO, Block, Items, Paragraph, Quote, Table
from rollback.report.case import Case
from rollback.report.evidence import news
from rollback.report.migrations import listed

_ROWS = 20
_QUOTES = 5
_LINES = 20


def cause(case: Case) -> Iterable[Block]:
    """The blocks of the part."""
    yield Paragraph(f"{TODO}: the cause, in a few sentences. What is on record about it:")
    yield from _evidence(case)
    yield from _new(case)


def _evidence(case: Case) -> Iterable[Block]:
    found = case.failed
    if not found:
        yield Paragraph("No check had failed: only people know what was wrong.")
        return
    yield Paragraph("What the checks found:")
    head = ("check", "host", "case", "observed", "expected", "before the deploy")
    yield Table(head, tuple(_answer(one) for one in found[:_ROWS]))
    if len(found) > _ROWS:
        yield Paragraph(f"… and {len(found) - _ROWS} more.")
    yield from list(_quotes(found))[:_QUOTES]


def _quotes(found: Iterable[Answers]) -> Iterable[Block]:
    """What was said beside the answer, each once, where it tells anything."""
    known: set[str] = set()
    for one in found:
        if said := news(one.telling.evidence, known, _LINES):
            yield Quote(f"{words.said(one.telling)}:", "\n".join(said))


def _answer(one: Answers) -> tuple[str, ...]:
    it = one.telling
    before = one.before.observed if one.before else "not asked"
    return (it.check, it.host or "the url", it.case or "", it.observed or str(it.result), it.expected, before)


def _new(case: Case) -> Iterable[Block]:
    bad, good = case.incident.bad, case.before
    if bad is None or good is None or bad == good:
        return
    between = f"{words.tag(good)}..{words.tag(bad)}"
    if case.changed is None:
        yield Paragraph(f"What changed, {between}: git could not tell here.")
        return
    commits, files = case.changed.commits, case.changed.files
    counted = f"{words.count(case.changed.count, 'commit')}, {words.count(case.changed.total, 'file')}"
    yield Paragraph(f"What changed, {between}: {counted}.")
    yield Items(tuple(f"{one.id[:7]} {one.subject} ({one.author})" for one in commits[:_ROWS]))
    names = ", ".join(one.name for one in files[:_ROWS])
    yield Paragraph(f"Files: {names}{f' and {case.changed.total - _ROWS} more' if files[_ROWS:] else ''}.")
    yield from (Paragraph(f"Migrations: {said}.") for said in _migrations(case, good, bad))


def _migrations(case: Case, good: Release, bad: Release) -> Iterable[str]:
    facts = (one.fact for one in case.records if isinstance(one.fact, Between))
    known = next((one for one in facts if (one.old, one.new) == (good, bad) and one.known), None)
    if known and known.added:
        yield listed(known.added)
