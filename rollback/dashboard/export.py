"""The same pages as files in a folder: for a CI's artifacts. They refer to each other by name, and to nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from rollback.core.past import past
from rollback.dashboard.links import STATIC
from rollback.dashboard.pages import Pages
from rollback.dashboard.source import PAGE
from rollback.errors import UsageError

_MOST = 4  # pages of operations, each with theirs


def export(pages: Pages, folder: Path) -> int:
    """How many pages were written. Raises: UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("style.css", "icon.svg"):
            shutil.copyfile(STATIC / name, folder / name)
        count = 0
        for count, (href, text) in enumerate(_pages(pages), 1):  # noqa: B007
            (folder / unquote(href)).write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"--export {folder}: can't write there: {error.strerror}") from error
    return count


def _pages(pages: Pages) -> Iterator[tuple[str, str]]:
    links = pages.links
    yield links.home, pages.home()
    for name, source in pages.sources.items():
        yield links.environment(name), pages.environment(name)
        yield links.delivery(name), pages.delivery(name)
        before = ""
        for _ in range(_MOST):
            rows = past(source.newest(PAGE, before))
            yield links.operations(name, before), pages.operations(name, before)
            yield from ((links.operation(name, one.operation), pages.operation(name, one.operation)) for one in rows)
            if len(rows) < PAGE:
                break
            before = rows[-1].operation
