"""An explanation as Markdown, for a CI's summary page: a few blocks, in which nothing from outside is markup.

What is special in Markdown or HTML is written as a numeric reference: it shows as itself and can't begin, end or link
anything (CommonMark: references can't stand for structural characters).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from rollback.core.explain import Answers, Explanation
from rollback.model import Grade
from rollback.report import ending, words
from rollback.report.evidence import worst
from rollback.text import clean, clean_line

ROOM = 200_000  # bytes; GitHub takes 1 MiB a step
_ROWS = 20
_CELL = 200  # characters
_EVIDENCES = 5
_EVIDENCE = 4000  # characters
_SPECIAL = re.compile(r"[!\"#$&()*<>@\[\\\]^_`{|}~]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def plain(text: str, limit: int = _CELL) -> str:
    """One line that is only text, also inside a table."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", clean_line(text, limit))


def markdown(mark: str, message: str, hint: str, why: Explanation | None) -> str:
    """mark: ✓ or the like. message and hint: as they are told everywhere. Whole blocks are left out at the end, when
    there is too much."""
    blocks = [f"### {mark} {plain(message, 1000)}", *(_blocks(why) if why else ())]
    last = f"Next: <code>{plain(hint, 1000)}</code>" if hint else ""
    return "\n\n".join([*_within(blocks, ROOM - len(last.encode())), *([last] if last else [])]) + "\n"


def _within(blocks: Iterable[str], room: int) -> Iterable[str]:
    for block in blocks:
        room -= len(block.encode()) + 2
        if room < 0:
            yield "… and more, in <code>rollback show</code>"
            return
        yield block


def _blocks(why: Explanation) -> Iterable[str]:
    yield _table(("", ""), ((f"**{label}**", plain(said, 500)) for label, said in _facts(why)))
    found = worst(why.verdict.findings, why.before) if why.verdict.grade is not Grade.GOOD else []
    if found:
        rows = [_row(one) for one in found[:_ROWS]]
        yield _table(("", "check", "host", "user", "observed", "expected", "before", "answers", "when"), rows)
    if len(found) > _ROWS:
        yield f"… and {len(found) - _ROWS} more"
    yield from (_evidence(one) for one in [one for one in found if one.telling.evidence][:_EVIDENCES])


def _facts(why: Explanation) -> Iterable[tuple[str, str]]:
    if why.target:
        yield "release", f"{words.named(why.target)} on {why.environment}"
    yield "verdict", f"{why.verdict.grade}: {why.verdict.rule}"
    yield from ending.way_back(why)
    yield from ((line[2:12].strip(), line[12:]) for line in ending.afterwards(why))
    if why.operation:
        yield "operation", f"{why.operation}, {why.what} by {why.author}"


def _row(one: Answers) -> tuple[str, ...]:
    it = one.telling
    said = (it.check, it.host or "the url", it.case or "", it.observed, it.expected)
    before = one.before.observed if one.before else ""
    often = f"{len(one.amiss)} of {one.count}"
    mark = words.MARKS[it.result] if it.required else "warning"
    return (mark, *map(plain, (*said, before, often, words.clock(one.amiss))))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _evidence(one: Answers) -> str:
    """Between <pre> and </pre> everything is HTML's, blank lines too."""
    whose = plain(words.said(one.telling))
    text = html.escape(clean(one.telling.evidence, _EVIDENCE))
    return f"<details><summary>{whose}</summary>\n\n<pre>\n{text}\n</pre>\n\n</details>"
