"""Findings as a reader needs them: alike ones said once, and of their evidence only what tells something new."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus

from rollback.core.explain import Answers, Question, answers
from rollback.model import Finding, Result
from rollback.report import words

_MOST = 3  # lines of evidence
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml|[a-z][a-z0-9]*[ >])", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_PHRASES = {phrase for one in HTTPStatus for phrase in (one.phrase, f"{one.value} {one.phrase}")}


def told(found: Iterable[Answers], most: int) -> Iterator[str]:
    """At most so many, one line for those that differ only by host and case, each with what it was before and its new
    evidence below it."""
    groups = alike(found)
    known: set[str] = set()
    for group in groups[:most]:
        telling = [one.telling for one in group]
        yield f"{words.MARKS[telling[0].result]} {words.said_of(telling)}{_counted(group)}"
        yield from _before(group)
        for one in telling if telling[0].result is not Result.PASS else ():
            yield from (f"    | {line}" for line in news(one.evidence, known))
    if groups[most:]:
        yield f"… and {len(groups) - most} more"


def worst(findings: Iterable[Finding], before: Mapping[Question, Finding] | None = None) -> list[Answers]:
    """What speaks against a release, what counts most first."""
    found = [one for one in answers(findings, before) if one.amiss]
    return sorted(found, key=lambda one: (not one.telling.required, one.telling.result is not Result.FAIL))


def alike(found: Iterable[Answers]) -> list[list[Answers]]:
    """Those of one case on any hosts, and of those the cases that were found so on the same hosts."""
    cases: dict[tuple[object, ...], list[Answers]] = {}
    for each in found:
        cases.setdefault((each.telling.case, *_said(each)), []).append(each)
    groups: dict[tuple[object, ...], list[Answers]] = {}
    for group in cases.values():
        places = tuple(each.telling.host for each in group)
        groups.setdefault((places, *_said(group[0])), []).extend(group)
    return list(groups.values())


def _said(each: Answers) -> tuple[object, ...]:
    one = each.telling
    return one.check, one.result, one.observed, one.expected


def _counted(group: Sequence[Answers]) -> str:
    """How often, of how many answers, and when."""
    count, amiss = sum(one.count for one in group), [at for one in group for at in one.amiss]
    often = f"{len(amiss)} of {count}, " if count > len(group) else ""
    return f"  ({often}{words.clock(amiss)})" if amiss else ""


def _before(group: Sequence[Answers]) -> Iterator[str]:
    """The baseline, where there is one and all have the same."""
    said = {one.before.observed for one in group if one.before and one.before.result is not Result.SKIPPED}
    if len(said) == 1:
        yield f"    before the deploy: {said.pop()}"


def news(evidence: str, known: set[str], most: int = _MOST) -> Sequence[str]:
    """Its last lines, of a web page its title; nothing that is known already, which grows by it."""
    said = [line.rstrip() for line in readable(evidence) if line.strip()][-most:]
    text = "\n".join(said)
    if text in known:
        return ()
    known.add(text)
    return said


def readable(evidence: str) -> Sequence[str]:
    """Its lines, of a web page its title."""
    return _page(evidence) if _PAGE.match(evidence) else evidence.splitlines()


def _page(text: str) -> list[str]:
    """A title that only repeats the status tells nothing."""
    titles = (" ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[1])).split()) for found in _TITLE.findall(text))
    return [title for title in dict.fromkeys(titles) if title not in _PHRASES][:1]
