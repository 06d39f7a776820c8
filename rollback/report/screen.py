"""Where everything is printed: a terminal, a pipe or a log, and nothing on it that is secret or hidden.

Whatever rich draws (lines, tables, what is redrawn in place) comes through `render`, so nobody has to think of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from rollback.text import clean

_LONGEST = 1 << 20  # characters of one text


class Screen(Console):
    """No markup, no emoji, no guessed colours. redact: strikes the secrets out."""

    def __init__(
        self, file: TextIO, redact: Callable[[str], str], *, width: int | None, no_color: bool = False
    ) -> None:
        super().__init__(file=file, markup=False, highlight=False, emoji=False, no_color=no_color, width=width)
        self._redact = redact

    def on_broken_pipe(self) -> None:
        """Rich would end the whole process, in the middle of anything."""
        raise BrokenPipeError

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Texts are redacted whole, before they are wrapped; of the segments only rich's own control anything."""
        text = Text(renderable) if isinstance(renderable, str) else renderable
        for segment in super().render(self._fit(text) if isinstance(text, Text) else text, options):
            yield segment if segment.control else segment._replace(text=self._safe(segment.text))

    def _fit(self, text: Text) -> Text:
        plain = self._safe(text.plain)
        if plain == text.plain:
            return text
        return Text(plain, text.style, justify=text.justify, overflow=text.overflow, no_wrap=text.no_wrap, end=text.end)

    def _safe(self, text: str) -> str:
        return clean(self._redact(text), _LONGEST)
