"""The runbook of a playbook as Markdown, and its place in a file that is a person's: a block between two markers."""

from __future__ import annotations

import re
from pathlib import Path

from rollback.core.runbook import Runbook
from rollback.errors import Refused
from rollback.report.brackets import rendered
from rollback.text import clean_line

_TEMPLATE = Path(__file__).with_name("templates") / "RUNBOOK.md.j2"
_TITLE = b"# Runbook\n\n"


def block(book: Runbook) -> bytes:
    """Markers included; ends in a newline."""
    here = "#" + re.sub(r"[^\w-]", "", book.app.lower()) + "-"  # how a heading's link begins
    filters = {"cell": _cell, "code": _code, "indented": _indented}
    text = rendered(_TEMPLATE, filters, book=book, server=book.place.servers[0], here=here)
    first, last = _markers(book.app)
    return b"%s\n%s%s\n" % (first, text.encode(), last)


def merged(old: bytes | None, app: str, new: bytes) -> bytes:
    """The file with its block of this app made new; everything else stays as it is, byte by byte. old: None when there
    is no file yet. Raises Refused: the markers are not a pair."""
    if old is None:
        return _TITLE + new
    here = _found(old, app)
    if here is None:
        return old + (b"" if old.endswith(b"\n") or not old else b"\n") + b"\n" + new
    first, after = here
    return old[:first] + new + old[after:]


def difference(old: bytes | None, app: str, new: bytes) -> str:
    """What is wrong with the block in a file, in a few words; "" when nothing is. Raises Refused."""
    here = _found(old, app) if old is not None else None
    if old is None or here is None:
        return "it has no block of this playbook"
    was, now = old[slice(*here)].splitlines(), new.splitlines()
    pairs = zip([*was, *[b""] * len(now)], [*now, *[b""] * len(was)], strict=False)
    number = old[: here[0]].count(b"\n") + 1
    return next((f"line {number + at}: {clean_line(b, 100)!r}" for at, (a, b) in enumerate(pairs) if a != b), "")


def _found(old: bytes, app: str) -> tuple[int, int] | None:
    """Where the block begins, and where what follows it does."""
    first, last = _markers(app)
    counts = old.count(first), old.count(last)
    if counts == (0, 0):
        return None
    begin, end = old.find(first), old.find(last)
    if counts != (1, 1) or end < begin:
        raise Refused(
            f"the markers of {app} in the runbook are not one pair: {first.decode()} … {last.decode()}",
            hint="mend them, or delete the block between them with both, then: rollback runbook",
        )
    after = end + len(last)
    return begin, after + (old[after : after + 2] == b"\r\n") * 2 + (old[after : after + 1] == b"\n")


def _markers(app: str) -> tuple[bytes, bytes]:
    return b"<!-- rollback runbook: %s -->" % app.encode(), b"<!-- rollback runbook: end of %s -->" % app.encode()


def _cell(text: str) -> str:
    """Fit for a table, and for nothing but text."""
    shown = clean_line(text)
    return "".join(f"\\{char}" if char in r"\`*_[]<>|#" else char for char in shown)


def _code(text: str) -> str:
    """In a table, as code."""
    shown = clean_line(text, 500).replace("|", "\\|")
    fence = "``" if "`" in shown else "`"
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _indented(text: str) -> str:
    return "\n".join(f"    {clean_line(line, 1000)}" for line in text.strip().splitlines())
