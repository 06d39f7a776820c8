"""Findings as a reader needs them: alike ones said once, and of their evidence only what tells something new."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus

from rollback.model import Finding, Result
from rollback.report import words

_MOST = 3  # lines of evidence
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml|[a-z][a-z0-9]*[ >])", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_PHRASES = {phrase for one in HTTPStatus for phrase in (one.phrase, f"{one.value} {one.phrase}")}


def told(findings: Iterable[Finding], most: int) -> Iterator[str]:
    """At most so many findings, one line for those that differ only by host, each with its new evidence below it."""
    groups = _alike(findings)
    known: set[str] = set()
    for group in groups[:most]:
        yield f"{words.MARKS[group[0].result]} {words.said_of(group)}"
        for one in group if group[0].result is not Result.PASS else ():
            yield from (f"    | {line}" for line in news(one.evidence, known))
    if groups[most:]:
        yield f"… and {len(groups) - most} more"


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.check, one.case, one.result, one.observed, one.expected), []).append(one)
    return list(groups.values())


def news(evidence: str, known: set[str]) -> Sequence[str]:
    """Its last lines, of a web page its title; nothing that is known already, which grows by it."""
    lines = _page(evidence) if _PAGE.match(evidence) else evidence.splitlines()
    said = [line.rstrip() for line in lines if line.strip()][-_MOST:]
    text = "\n".join(said)
    if text in known:
        return ()
    known.add(text)
    return said


def _page(text: str) -> list[str]:
    """A title that only repeats the status tells nothing."""
    titles = (" ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[1])).split()) for found in _TITLE.findall(text))
    return [title for title in dict.fromkeys(titles) if title not in _PHRASES][:1]
