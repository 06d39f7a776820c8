"""A document of few kinds of blocks, as Markdown and as a page of HTML. In neither is anything from outside markup.

The Markdown is meant to be read and edited as it is written, so only what would be markup is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rollback.text import clean, clean_line

TODO = "TODO(human)"  # what no ledger can know
_TEMPLATES = Path(__file__).with_name("templates")
_LONGEST = 1000  # characters of one line
_QUOTED = 4000  # characters of one quotation
_MARKUP = re.compile(
    r"[`*\[<$~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|:(?=//)|(?<=www)\.|^[#>+=-]|(?<=^\d)[.)](?= )|(?<=^\d\d)[.)](?= )",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    kind: ClassVar = "paragraph"
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    kind: ClassVar = "items"
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """head: empty texts are fine. rows: as long as the head."""

    kind: ClassVar = "table"
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a program said, line by line. title: whose words they are."""

    kind: ClassVar = "quote"
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """An <svg> of ours; Markdown has no place for it."""

    kind: ClassVar = "drawing"
    svg: str


Block = Paragraph | Items | Table | Quote | Drawing


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    lead: str
    sections: tuple[Section, ...]


def markdown(document: Document) -> str:
    """GitHub's and GitLab's Markdown."""
    parts = [f"# {_text(document.title)}", _text(document.lead)]
    for number, section in enumerate(document.sections, 1):
        parts += [f"## {number}. {_text(section.title)}", *map(_block, section.blocks)]
    return "\n\n".join(filter(None, parts)) + "\n"


def html(document: Document, style: str) -> str:
    """One file that needs nothing else, for both themes. style: of its drawings."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    renderer = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    renderer.filters |= {"line": lambda text: clean_line(text, _LONGEST), "lines": lambda text: clean(text, _QUOTED)}
    return renderer.get_template("document.html.j2").render(document=document, style=style, todo=TODO)


def _block(block: Block) -> str:
    match block:
        case Paragraph(text):
            return _text(text)
        case Items(texts):
            return "\n".join(f"- {_text(one)}" for one in texts)
        case Table(head, rows):
            return "\n".join(f"| {' | '.join(cells)} |" for cells in _cells(head, rows))
        case Quote(title, text):
            return f"{_text(title)}\n\n{_fenced(clean(text, _QUOTED))}"
    return ""


def _cells(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[Sequence[str]]:
    yield [_text(one) for one in head]
    yield ["---"] * len(head)
    yield from ([_text(one) for one in row] for row in rows)


def _text(text: str) -> str:
    """On one line. What separates cells, and what escapes, is written as a reference, which no parser takes for it."""
    plain = clean_line(text, _LONGEST).replace("\\", "\0").replace("|", "&#124;")
    escaped = _MARKUP.sub(lambda found: f"\\{found[0]}", plain.replace("&#124;", "\1"))
    return escaped.replace("\0", "&#92;").replace("\1", "&#124;").replace(TODO, f"**{TODO}**")


def _fenced(text: str) -> str:
    """No run of backticks in it is as long as its fence."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
